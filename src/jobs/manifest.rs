//! The Job of a manifest, ready to be created.

use serde_json::Value;

/// The Job among a file's objects, and `Kind/name` of the others, which are not created.
pub fn the_job(objects: Vec<Value>) -> Result<(Value, Vec<String>), String> {
    let shown = |object: &Value| {
        let text = |field: &Value| field.as_str().unwrap_or("?").to_owned();
        let meta = &object["metadata"];
        format!("{}/{}", text(&object["kind"]), text(meta.get("name").unwrap_or(&meta["generateName"])))
    };
    let is_job = |object: &Value| object["kind"] == "Job" && object["apiVersion"] == "batch/v1";
    let (mut jobs, others): (Vec<Value>, Vec<Value>) = objects.into_iter().partition(is_job);
    let others: Vec<String> = others.iter().map(shown).collect();
    match (jobs.pop(), jobs.len()) {
        (Some(job), 0) => Ok((job, others)),
        (Some(job), _) => {
            let names: Vec<String> = jobs.iter().chain([&job]).map(shown).collect();
            Err(format!("there are {} Jobs, and one is run at a time: {}", names.len(), names.join(", ")))
        }
        (None, _) if others.is_empty() => Err("there is no object".to_owned()),
        (None, _) => Err(format!("there is no Job (batch/v1), only {}", others.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_job_is_run_and_what_lies_beside_it_is_named() {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "backup"}});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}});
        let (found, others) = the_job(vec![secret.clone(), job.clone()]).unwrap();
        assert_eq!((found, others), (job.clone(), vec!["Secret/login".to_owned()]));
        assert_eq!(
            the_job(vec![
                job.clone(),
                json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "x-"}})
            ]),
            Err("there are 2 Jobs, and one is run at a time: Job/backup, Job/x-".to_owned())
        );
        assert_eq!(the_job(vec![secret]), Err("there is no Job (batch/v1), only Secret/login".to_owned()));
        assert_eq!(the_job(vec![]), Err("there is no object".to_owned()));
    }
}
