//! Writing refreshed OIDC tokens back to the kubeconfig that they came from.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use serde_json::Value;

use super::{
    kubeconfig::{decode, parse_yaml},
    load::io_reason,
    options::Secret,
};

/// Replaces the tokens of a user in a kubeconfig. The file is written anew as a whole, as kubectl does, and put in place at once, so that
/// nobody reads half of it; its permissions stay. A lock file beside it keeps kubectl from writing at the same time.
pub(crate) fn persist(file: &Path, user: &str, settings: &BTreeMap<String, Secret>) -> Result<(), String> {
    let fault = |why: std::io::Error| format!("{}: {}", file.display(), io_reason(&why));
    let lock = file.with_file_name(format!("{}.lock", file.file_name().unwrap_or_default().to_string_lossy()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&lock).map_err(fault)?;
    let result = replace(file, user, settings, fault);
    let _ = std::fs::remove_file(&lock);
    result
}

fn replace(
    file: &Path,
    user: &str,
    settings: &BTreeMap<String, Secret>,
    fault: impl Fn(std::io::Error) -> String,
) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(&fault)?;
    let mut config: Value = decode(&bytes).and_then(|text| parse_yaml(&text))?;
    let users = config.get_mut("users").and_then(Value::as_array_mut).into_iter().flatten();
    let entry = users.into_iter().find(|entry| entry["name"].as_str() == Some(user));
    let place = entry.and_then(|entry| entry.pointer_mut("/user/auth-provider/config")).and_then(Value::as_object_mut);
    let place = place.ok_or_else(|| format!("{} no longer holds the user {user:?}", file.display()))?;
    for name in ["id-token", "refresh-token"] {
        if let Some(token) = settings.get(name) {
            place.insert(name.to_owned(), token.expose().into());
        }
    }
    let text =
        serde_saphyr::to_string(&config).map_err(|_| "the kubeconfig could not be written as YAML".to_owned())?;
    let target = std::fs::canonicalize(file).map_err(&fault)?;
    let fresh = target.with_extension("tmp-tokens");
    let permissions = std::fs::metadata(&target).map_err(&fault)?.permissions();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&fresh).map_err(&fault)?;
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .and_then(|()| std::fs::set_permissions(&fresh, permissions))
        .and_then(|()| std::fs::rename(&fresh, &target));
    written.map_err(|why| {
        let _ = std::fs::remove_file(&fresh);
        fault(why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        let text = "current-context: c\nclusters:\n- name: c\n  cluster: {server: 'https://k', extensions: [{name: e, extension: {n: 1}}]}\n\
                    users:\n- name: other\n  user: {token: 'yes'}\n\
                    - name: u\n  user: {auth-provider: {name: oidc, config: {id-token: old, refresh-token: r, client-id: '123'}}}\n";
        std::fs::write(&file, text).unwrap();
        let before: Value = parse_yaml(text).unwrap();
        let settings =
            BTreeMap::from([("id-token".to_owned(), "new".into()), ("refresh-token".to_owned(), "r2".into())]);
        persist(&file, "u", &settings).unwrap();
        let mut after: Value = parse_yaml(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let config = &mut after["users"][1]["user"]["auth-provider"]["config"];
        assert_eq!((config["id-token"].as_str(), config["refresh-token"].as_str()), (Some("new"), Some("r2")));
        (config["id-token"], config["refresh-token"]) = ("old".into(), "r".into());
        assert_eq!(after, before);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no lock or draft is left");
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        std::fs::write(&file, "users: []\n").unwrap();
        assert!(persist(&file, "u", &BTreeMap::new()).unwrap_err().contains("no longer holds"));
        std::fs::write(dir.path().join("config.lock"), "").unwrap();
        assert!(persist(&file, "u", &BTreeMap::new()).is_err());
    }
}
