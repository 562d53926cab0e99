//! Carrying the plan out, one claim at a time.

use workload_cli::Failure;
use workload_core::change::{Identity, Journal, delete, fetch, retain};
use workload_core::connect::{Client, Error, ErrorKind};
use workload_core::findings::Code;
use workload_core::gather::cluster::{Ask, Gathered, read};
use workload_core::gather::resource::{CLAIMS, VOLUMES};
use workload_core::volumes::fate::Disk;
use workload_core::volumes::{Index, Removal};

use super::report::Outcome;

/// What a deletion needs.
pub(super) struct Act<'c> {
    pub(super) client: &'c Client,
    pub(super) ask: &'c Ask,
    pub(super) retain_disk: bool,
}

impl Act<'_> {
    /// Everything that may need a claim, as it is now.
    pub(super) async fn read(&self) -> Result<Gathered, Error> {
        Box::pin(read(self.client, self.ask)).await
    }

    /// Reads everything anew, and takes out of the plan what does not hold any more; why not.
    pub(super) async fn look_again(&self, plan: &mut Vec<Removal>) -> Result<Vec<(Removal, String)>, Failure> {
        let facts = self.read().await?;
        let index = Index::new(&facts.cluster);
        let mut left = Vec::new();
        for removal in std::mem::take(plan) {
            match removal.still_holds(&index) {
                Ok(()) => plan.push(removal),
                Err(why) => left.push((removal, why)),
            }
        }
        Ok(left)
    }

    /// Has the server check every deletion before the first is made. What changed in between leaves the plan, and why; any other refusal ends
    /// all.
    pub(super) async fn rehearse(&self, plan: &mut Vec<Removal>) -> Result<Vec<(Removal, String)>, Failure> {
        let mut left = Vec::new();
        for removal in std::mem::take(plan) {
            let checked = async {
                if let Some(volume) = self.to_retain(&removal) {
                    retain(self.client, &volume, true).await?;
                }
                delete(self.client, &claim(&removal), true).await
            };
            match checked.await {
                Ok(()) => plan.push(removal),
                Err(error) if changed(&error) => left.push((removal, error.message)),
                Err(error) => {
                    let mut failure = Failure::from(error);
                    failure.message.push_str("\nNothing was changed.");
                    return Err(failure);
                }
            }
        }
        Ok(left)
    }

    /// Reads everything that may need the claim once more, writes it down, keeps its disk if that is wanted, and deletes it.
    pub(super) async fn delete(&self, removal: &Removal, journal: &mut Journal) -> Outcome {
        match self.step(removal, journal).await {
            Ok(outcome) => outcome,
            Err(why) => Outcome::Left(why),
        }
    }

    async fn step(&self, removal: &Removal, journal: &mut Journal) -> Result<Outcome, String> {
        let identity = claim(removal);
        let told = |error: Error| error.message;
        let Some(object) = fetch(self.client, &identity).await.map_err(told)? else {
            return Ok(Outcome::Left("it is gone".to_owned()));
        };
        journal.add(&object)?;
        if let Some((name, uid, version, _)) = &removal.volume {
            let volume = volume(name, uid, version);
            if let Some(object) = fetch(self.client, &volume).await.map_err(told)? {
                journal.add(&object)?;
            }
        }
        let kept = self.to_retain(removal);
        if let Some(volume) = &kept {
            retain(self.client, volume, false).await.map_err(told)?;
        }
        if let Err(why) = self.last_look_and_delete(removal, &identity).await {
            let kept = kept.map(|volume| format!("; {} is set to Retain already", volume.shown()));
            return Err(why + &kept.unwrap_or_default());
        }
        // Held for the moment by the protection every claim has; for longer by a pod that came in between, or a finalizer of somebody else.
        match fetch(self.client, &identity).await {
            Ok(Some(rest)) if rest["metadata"]["uid"] == *removal.uid => {
                let holds: Vec<&str> = rest["metadata"]["finalizers"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|f| f.as_str())
                    .collect();
                let passing = removal.code != Code::HeldByFinishedPod;
                if passing && holds.iter().all(|finalizer| *finalizer == "kubernetes.io/pvc-protection") {
                    Ok(Outcome::Deleted)
                } else {
                    Ok(Outcome::Held(holds.join(", ")))
                }
            }
            _ => Ok(Outcome::Deleted),
        }
    }

    /// Nothing but this look and the deletion itself lies between "nobody uses it" and its end.
    async fn last_look_and_delete(&self, removal: &Removal, identity: &Identity) -> Result<(), String> {
        let facts = self.read().await.map_err(|error| error.message)?;
        let index = Index::new(&facts.cluster);
        removal.still_holds(&index)?;
        if self.retain_disk {
            removal.spares_its_disk(&index)?;
        }
        delete(self.client, identity, false).await.map_err(|error| {
            if error.kind == ErrorKind::NotFound {
                "it is gone".to_owned()
            } else if error.uncertain {
                format!("whether it is deleted can't be told: {}", error.message)
            } else {
                error.message
            }
        })
    }

    /// The volume that is to be kept, if its policy would delete it.
    fn to_retain(&self, removal: &Removal) -> Option<Identity> {
        let (name, uid, version, _) = removal.volume.as_ref()?;
        (self.retain_disk && removal.disk == Disk::Dies).then(|| volume(name, uid, version))
    }
}

fn claim(removal: &Removal) -> Identity {
    Identity {
        resource: &CLAIMS,
        namespace: Some(removal.namespace.clone()),
        name: removal.name.clone(),
        uid: removal.uid.clone(),
        version: removal.version.clone(),
    }
}

fn volume(name: &str, uid: &str, version: &str) -> Identity {
    Identity {
        resource: &VOLUMES,
        namespace: None,
        name: name.to_owned(),
        uid: uid.to_owned(),
        version: version.to_owned(),
    }
}

/// Whether the object is not what it was: it alone is left, the others are not concerned.
fn changed(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound)
}
