//! The real server's refusals, byte for byte: tests/objects/refusals.txt holds what kube-apiserver 1.36.3 answered.

use serde_json::json;
use workload_tests::Cluster;

use crate::client::ask;

#[test]
fn refusals_are_the_real_servers_byte_for_byte() {
    let map = json!({"kind": "ConfigMap", "apiVersion": "v1",
                     "metadata": {"name": "x", "namespace": "recording", "resourceVersion": "3356",
                                  "uid": "3a454342-694b-4b9c-8083-d869adc85b95"}});
    let namespace = json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "recording"}});
    let well = Cluster::new().file("objects/redis.json").object(map).object(namespace).start();
    well.compact();
    let nothing = Cluster::new().allow("get", "nothing").start();
    let locked = Cluster::new().token("s3cret").start();

    let mut seen = 0;
    for case in include_str!("../objects/refusals.txt").split("\n\n").filter(|it| !it.starts_with('#')) {
        let mut lines = case.lines();
        let (method, uri) = lines.next().unwrap().split_once(' ').unwrap();
        let (mut cluster, mut media, mut body, mut expected) = (&well, "", "", "");
        for line in lines {
            match line.split_once(' ') {
                Some(("as", "jane")) => cluster = &nothing,
                Some(("as", "unauthorized")) => cluster = &locked,
                Some(("as", kind)) => media = kind,
                Some(("with", text)) => body = text,
                _ => expected = line,
            }
        }
        let reply = ask(cluster, method, uri).header("Content-Type", media).body(body).send().unwrap();
        assert_eq!(reply.text(), format!("{expected}\n"), "{method} {uri}");
        assert!(expected.ends_with(&format!("\"code\":{}}}", reply.status)), "{method} {uri}: {}", reply.status);
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}
