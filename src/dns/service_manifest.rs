//! The Service that a finding tells its reader to apply.

use std::fmt::Write;

use crate::facts::{Service, ServicePort, StatefulSet};

/// A headless Service of the set's governing name, complete: `kubectl apply -f -` takes it as it is.
///
/// Ports come from a Service that already selects the pods, else from the containers; a headless Service without ports is legal
/// too, its names resolve all the same.
pub(super) fn headless(set: &StatefulSet, model: Option<&Service>, publish_not_ready: bool) -> String {
    let selector = match set.selector.equalities() {
        pairs if pairs.is_empty() => set.pod_labels.clone(),
        pairs => pairs,
    };
    let mut text = format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {}\n  namespace: {}\nspec:\n  type: ClusterIP\n  clusterIP: None\n",
        quoted(&set.service),
        quoted(&set.meta.namespace)
    );
    if publish_not_ready {
        text.push_str("  publishNotReadyAddresses: true\n");
    }
    text.push_str("  selector:\n");
    for (key, value) in selector.iter() {
        let _ = writeln!(text, "    {}: {}", quoted(key), quoted(value));
    }
    let ports = ports(set, model);
    if !ports.is_empty() {
        text.push_str("  ports:\n");
        for port in ports {
            let _ = write!(text, "  - port: {}\n    protocol: {}\n", port.port, quoted(&port.protocol));
            if !port.name.is_empty() {
                let _ = writeln!(text, "    name: {}", quoted(&port.name));
            }
        }
    }
    text
}

fn ports(set: &StatefulSet, model: Option<&Service>) -> Vec<ServicePort> {
    if let Some(model) = model {
        return model.ports.to_vec();
    }
    let several = set.container_ports.len() > 1;
    set.container_ports
        .iter()
        .map(|(port, name)| ServicePort {
            // Names are required where there are several.
            name: if several && name.is_empty() { format!("port-{port}").into() } else { name.clone() },
            port: *port,
            protocol: "TCP".into(),
        })
        .collect()
}

/// A YAML scalar that is read back as this string.
fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
