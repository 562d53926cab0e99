//! The requests that change something: each with the identity of what was shown.

use workload_cli::{Context, Exit, Failure};
use workload_core::change::{Identity, delete, retain};
use workload_core::connect::{Client, Error};
use workload_core::facts::{Pod, Volume};
use workload_core::gather::resource::{PODS, VOLUMES};
use workload_core::render::escape;

use super::plan::Plan;

/// The server checks everything, and changes nothing.
pub(super) async fn rehearse(client: &Client, plan: &Plan<'_>) -> Result<(), Error> {
    for volume in plan.volumes() {
        retain(client, &of_volume(volume), true).await?;
    }
    if let Some(pod) = plan.pod() {
        delete(client, &of_pod(pod), true).await?;
    }
    Ok(())
}

/// Disks first: what they keep is worth more than a pod that waits.
pub(super) async fn carry_out(context: &mut Context<'_>, client: &Client, plan: &Plan<'_>) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for volume in plan.volumes() {
        let name = escape(&volume.meta.name).into_owned();
        match retain(client, &of_volume(volume), false).await {
            Ok(()) => writeln!(context.out, "persistentvolume/{name} set to Retain")?,
            Err(error) => {
                context.note(&format!("persistentvolume/{name} left as it is: {}", error.message))?;
                exit = Exit::Error;
            }
        }
    }
    if let Some(pod) = plan.pod() {
        let name = escape(&pod.meta.name).into_owned();
        match delete(client, &of_pod(pod), false).await {
            Ok(()) => writeln!(context.out, "pod/{name} deleted")?,
            Err(error) => {
                context.note(&format!("pod/{name} left as it is: {}", error.message))?;
                exit = Exit::Error;
            }
        }
    }
    if exit == Exit::Done {
        for line in plan.afterwards() {
            context.note(&line)?;
        }
    }
    Ok(exit)
}

fn of_volume(volume: &Volume) -> Identity {
    Identity {
        resource: &VOLUMES,
        namespace: None,
        name: volume.meta.name.to_string(),
        uid: volume.meta.uid.to_string(),
        version: volume.version.to_string(),
    }
}

/// Without its version: the status of a pod that fails changes every few seconds, and that it is the same pod is what matters. What holds
/// the set was read again just before.
fn of_pod(pod: &Pod) -> Identity {
    Identity {
        resource: &PODS,
        namespace: Some(pod.meta.namespace.to_string()),
        name: pod.meta.name.to_string(),
        uid: pod.meta.uid.to_string(),
        version: String::new(),
    }
}
