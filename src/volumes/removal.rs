//! The plan of a deletion, and whether it still holds when it is carried out.

use super::fate::Disk;
use super::{Index, Row, blind_spots, deletable, row_of, vetoes};
use crate::facts::{Known, Volume};
use crate::findings::{Code, Deletable};

/// A claim that is to be deleted, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub version: String,
    /// The set that its row was shown under, if there is one.
    pub set: Option<String>,
    /// The verdict that it was chosen for.
    pub code: Code,
    /// How it could be chosen.
    pub deletable: Deletable,
    /// What becomes of its disk.
    pub disk: Disk,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its volume: name, UID, resource version, reclaim policy; `None` where it has none or it could not be read.
    pub volume: Option<(String, String, String, String)>,
}

impl Removal {
    /// Plans a row's deletion. The error says why it must not be.
    pub fn plan(row: &Row<'_>, index: &Index<'_>) -> Result<Self, String> {
        let how = deletable(row, index);
        let Some(claim) = row.claim else { return Err("there is no such claim".to_owned()) };
        if how == Deletable::Never {
            return Err(why_not(row, index));
        }
        // A deletion rests on everything that may need the claim: nothing of it may be left unread.
        if let Some(unread) = blind_spots(index.cluster).next() {
            return Err(unread.to_string());
        }
        Ok(Self {
            namespace: row.namespace.to_owned(),
            name: row.name.to_string(),
            uid: claim.meta.uid.to_string(),
            version: claim.version.to_string(),
            set: row.set_name().map(str::to_owned),
            code: row.class.code(),
            deletable: how,
            disk: row.disk(),
            bytes: claim.bytes().unwrap_or(0),
            volume: match row.volume {
                Some(Known::Read(Some(volume))) => Some(identity(volume)),
                _ => None,
            },
        })
    }

    /// Whether the plan still holds in facts that were read anew: the same object, unchanged, in the same state, and nothing that
    /// forbids it. The error says what changed.
    pub fn still_holds(&self, index: &Index<'_>) -> Result<(), String> {
        let claim = match index.cluster.claim(&self.namespace, &self.name) {
            Known::Read(Some(claim)) => claim,
            Known::Read(None) => return Err("it is gone".to_owned()),
            Known::Refused(refusal) => return Err(refusal.to_string()),
        };
        if claim.meta.uid != *self.uid {
            return Err("another claim has taken its name".to_owned());
        }
        let row = row_of(claim, index);
        let now = Self::plan(&row, index)?;
        if now.code != self.code {
            return Err(format!("it was {} and is {} now", self.code.word(), now.code.word()));
        }
        // Whether it could still be chosen by its verdict is no question any more: its siblings may have gone before it by this very plan.
        if now.version != self.version {
            return Err("it was changed since it was shown".to_owned());
        }
        // A disk that was to stay must not die now.
        if now.disk != self.disk && now.disk != Disk::Kept {
            return Err("what becomes of its disk has changed".to_owned());
        }
        Ok(())
    }

    /// Whether its disk outlives it in facts that were read anew. The error says why not.
    pub fn spares_its_disk(&self, index: &Index<'_>) -> Result<(), String> {
        let claim = index.cluster.claim(&self.namespace, &self.name).read().flatten();
        match claim.map(|claim| row_of(claim, index).disk()) {
            Some(Disk::Kept | Disk::None) => Ok(()),
            Some(Disk::Dies) => Err("its volume is not set to Retain any more".to_owned()),
            Some(Disk::CannotTell) | None => Err("whether its disk would be kept can't be told".to_owned()),
        }
    }
}

fn identity(volume: &Volume) -> (String, String, String, String) {
    let text = |words: &str| words.to_owned();
    (text(&volume.meta.name), volume.meta.uid.to_string(), text(&volume.version), text(&volume.spec.reclaim))
}

/// Why a row's claim may not be deleted, in one sentence.
fn why_not(row: &Row<'_>, index: &Index<'_>) -> String {
    let vetoes = vetoes(row, index);
    if vetoes.is_empty() { format!("its state is {}", row.class.code().word()) } else { vetoes.join("; ") }
}
