# CronJobs that have each run twenty times, for `jq -n --argjson factor N -f`: ten and their 200 Jobs, times N. The Jobs have ended, with
# the fields that a server keeps.
{apiVersion: "v1", kind: "List", items: ([range(10 * $factor) | tostring as $n |
    {apiVersion: "batch/v1", kind: "CronJob", metadata: {name: "cron-\($n)", namespace: "ns-000", uid: "c-\($n)", creationTimestamp: "2026-11-01T00:00:00Z"},
      spec: {schedule: "0 3 * * *", timeZone: "Europe/Berlin", jobTemplate: {spec: {template: {spec: {restartPolicy: "Never", containers: [{name: "main", image: "busybox:1.36"}]}}}}},
      status: {lastScheduleTime: "2026-11-23T02:00:00Z"}}] +
  [range(200 * $factor) | tostring as $n | (. % (10 * $factor) | tostring) as $of |
    {apiVersion: "batch/v1", kind: "Job", metadata: {name: "cron-\($of)-\($n)", namespace: "ns-000", uid: "j-\($n)", creationTimestamp: "2026-11-01T00:00:00Z",
        ownerReferences: [{apiVersion: "batch/v1", kind: "CronJob", name: "cron-\($of)", uid: "c-\($of)", controller: true}],
        managedFields: [range(3) | {manager: "kube-controller-manager", operation: "Update", apiVersion: "batch/v1", time: "2026-11-01T00:00:00Z", fieldsType: "FieldsV1",
          fieldsV1: {"f:status": ([range(40) | {key: "f:field-\(.)", value: {}}] | from_entries)}}]},
      spec: {backoffLimit: 6, completions: 1, parallelism: 1, template: {spec: {restartPolicy: "Never", containers: [{name: "main", image: "busybox:1.36", command: ["sh", "-c", "true"],
        env: [range(20) | {name: "VARIABLE_\(.)", value: "value"}]}]}}},
      status: {startTime: "2026-11-01T00:00:00Z", completionTime: "2026-11-01T00:00:09Z", succeeded: 1,
        conditions: [range(2) | {type: ["SuccessCriteriaMet", "Complete"][.], status: "True", reason: "CompletionsReached", lastTransitionTime: "2026-11-01T00:00:09Z"}]}}])}
