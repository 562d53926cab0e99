//! The lane's own rules, held to examples before it judges anything else; they run without a cluster as well.

use super::normal::Names;
use super::{Scenario, modes_doc};

const RAW: &str = "\
NAME         VOLUME                                     NODE    AGE
data-web-0   pvc-0a0a0a0a-1111-2222-3333-444444444444   node1   5m12s
data-web-1   pvc-0b0b0b0b-1111-2222-3333-444444444444           9s

--- retained: demo-7f3a/data-web-1, left 12s ago by pod at 10.244.0.7 (UID 0a0a0a0a-1111-2222-3333-444444444444, pvc-0b0b0b0b…)
";

const STABLE: &str = "\
NAME         VOLUME   NODE    AGE
data-web-0   pvc-1    node?   <age>
data-web-1   pvc-2            <age>

--- retained: demo-test/data-web-1, left <age> ago by pod at <ip-1> (UID uid-1, pvc-2…)
";

/// # Panics
/// When a rule is broken.
pub(super) fn run(scenarios: &[Scenario]) {
    modes_doc::check(scenarios);
    let mut names = Names::new("demo-7f3a", "demo-test");
    names.hide_nodes();
    assert_eq!(names.stable(RAW), STABLE);
    assert_eq!(names.stable(RAW), STABLE, "numbers are kept from one output to the next");
    let shifted = RAW.replace("   node1", "  node1");
    let refused = std::panic::catch_unwind(|| Names::new("demo-7f3a", "demo-test").stable(&shifted));
    assert!(refused.is_err(), "a table that isn't aligned must not be laid out anew in silence");
}
