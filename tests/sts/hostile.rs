//! Strings that would act on a terminal or deceive its reader.

use crate::sts;

const HOSTILE: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: \"web\\e[2J\\r\\nroot@host:~# \\u202ereversed\"
  namespace: \"a\\x07b\"
spec:
  replicas: 1
  serviceName: \"svc\\e]0;title\\x07\"
  volumeClaimTemplates: [{metadata: {name: \"d\\x9b31m\"}, spec: {storageClassName: \"c\\u2066\"}}]
";

#[test]
fn nothing_that_a_terminal_acts_on_is_printed_whatever_the_format() {
    for line in [
        "status",
        "volumes",
        "volumes -o wide",
        "volumes -o json",
        "volumes -o yaml",
        "volumes -o name",
        "status -o json",
        "status -o yaml",
    ] {
        let seen = sts().args(line.split(' ')).args(["-f", "-"]).stdin(HOSTILE).run();
        assert_eq!(seen.code, 0, "{line}: {}", seen.stderr);
        let text = format!("{}{}", seen.stdout, seen.stderr);
        let acts =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!text.contains(acts), "{line}: {text:?}");
        assert!(!seen.stdout.lines().any(|line| line.starts_with("root@host")), "{line}: a name stays on its line");
    }
}

#[test]
fn a_named_screen_shows_the_escapes() {
    let seen = sts().args(["status", "web\u{1b}[2J\r\nroot@host:~# \u{202e}reversed", "-f", "-"]).stdin(HOSTILE).run();
    assert!(
        seen.stdout.starts_with("StatefulSet a\\x07b/web^[[2J\\r\\nroot@host:~# \\u{202e}reversed: not applied"),
        "{}",
        seen.stdout
    );
    let unknown = sts().args(["status", "x\u{1b}[2J", "-f", "-"]).stdin(HOSTILE).run();
    assert_eq!(unknown.stderr.lines().last(), Some("error: statefulsets.apps \"x^[[2J\" not found in the files"));
}
