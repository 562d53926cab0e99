//! krew's manifests, from templates that krew-release-bot reads as well: `{{ .TagName }}` and
//! `{{addURIAndSha "URI" .TagName }}` are all that they use of it.

use std::fs;
use std::path::Path;

use crate::pack::sum;

/// The plugins that are released.
pub(crate) const PLUGINS: [&str; 2] = ["sts", "job"];
const OPEN: &str = "{{addURIAndSha \"";
const CLOSE: &str = "\" .TagName }}";
const TAG: &str = "{{ .TagName }}";

/// Writes each plugin's manifest, and its copy where a krew index is looked for.
pub(crate) fn write_all(root: &Path, archives: &Path, tag: &str) -> Result<(), String> {
    for plugin in PLUGINS {
        let template = root.join(format!("krew-manifest/{plugin}.tmpl.yaml"));
        let template =
            fs::read_to_string(&template).map_err(|error| format!("reading {}: {error}", template.display()))?;
        let manifest = render(&template, tag, |uri| sum(&archives.join(uri.rsplit('/').next().unwrap_or_default())))?;
        for folder in ["krew-manifest", "plugins"] {
            let path = root.join(folder).join(format!("{plugin}.yaml"));
            fs::write(&path, &manifest).map_err(|error| format!("writing {}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// The template with the tag and the sums put in.
pub(crate) fn render(
    template: &str,
    tag: &str,
    sum: impl Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut manifest = String::new();
    for line in template.lines() {
        // Its own comments are about the template.
        if line.starts_with('#') {
            continue;
        }
        if let Some((indent, rest)) = line.split_once(OPEN) {
            let (uri, _) = rest.split_once(CLOSE).ok_or_else(|| format!("{line}: {CLOSE} is missing"))?;
            let uri = uri.replace(TAG, tag);
            // A sum of digits alone would be a number in YAML.
            manifest.extend([indent, "uri: ", &uri, "\n", indent, "sha256: \"", &sum(&uri)?, "\"\n"]);
        } else {
            manifest.extend([&*line.replace(TAG, tag), "\n"]);
        }
    }
    Ok(manifest)
}
