//! TAB where a container of a Job or of a CronJob's runs is meant.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use crate::{example_cluster, program};

#[test]
fn containers_of_jobs_and_cron_jobs() {
    let cluster = example_cluster();
    for (line, told) in [
        ("logs migrate -c", "migrate\tbusybox:1.36\n:4\n"),
        ("logs job/migrate -c", "migrate\tbusybox:1.36\n:4\n"),
        ("logs cj/nightly-backup -c", "backup\tbusybox:1.36\n:4\n"),
        ("run nightly-backup -c", "backup\tbusybox:1.36\n:4\n"),
    ] {
        let words = ["__complete", "-n", "shop"].into_iter().chain(line.split(' ')).chain([""]);
        let seen = program().cluster(&cluster).args(words).run();
        assert_eq!((seen.code, seen.stdout.as_str(), seen.stderr.as_str()), (0, told, ""), "{line}");
    }
    cluster.requests().assert_read_only();
}
