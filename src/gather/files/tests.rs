use super::*;

fn read_text(text: &str) -> FromFiles {
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    read(&[Source::Stdin], false, None, "default", now, &mut text.as_bytes()).unwrap()
}

fn names(read: &FromFiles) -> Vec<String> {
    let sets = read.cluster.sets.items.iter().map(|x| format!("set {}/{}", x.meta.namespace, x.meta.name));
    let pods = read.cluster.pods.items.iter().map(|x| format!("pod {}/{}", x.meta.namespace, x.meta.name));
    sets.chain(pods).collect()
}

fn broken(read: &FromFiles) -> Vec<String> {
    read.broken.iter().map(ToString::to_string).collect()
}

const WEB: &str =
    "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 2}\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0, namespace: shop}\n";

#[test]
fn documents_lists_and_json_are_all_read() {
    let read = read_text(&format!("# comment\n---\n{WEB}---\n{POD}...\n---\n"));
    assert_eq!(names(&read), ["set shop/web", "pod shop/web-0"]);
    let list = r#"{"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},
        {"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}]}
        {"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"b","namespace":"x"}}]}"#;
    let read = read_text(list);
    assert_eq!(names(&read), ["pod default/a", "pod x/b"]);
    let flow =
        "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: b}}\n";
    assert_eq!(names(&read_text(flow)), ["pod default/a", "pod default/b"]);
    assert_eq!(read.skipped, [("Secret".to_owned(), 1)]);
    assert_eq!(broken(&read), [""; 0]);
}

#[test]
fn a_kind_that_the_files_do_not_hold_is_unknown_and_one_that_they_hold_is_complete() {
    let read = read_text(WEB);
    assert!(read.cluster.sets.missing.is_none());
    assert_eq!(read.cluster.pods.missing.unwrap().to_string(), "the files hold no pods");
}

#[test]
fn a_broken_document_costs_only_itself_and_names_its_line() {
    let read = read_text(&format!("{POD}---\nkind: [\n---\n{WEB}"));
    assert_eq!(names(&read), ["set shop/web", "pod shop/web-0"]);
    let line = read.broken[0].line;
    assert!((5..=6).contains(&line), "{:?}", read.broken);
}

#[test]
fn a_field_of_the_wrong_type_is_found_by_line() {
    let read = read_text("apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  replicas: two\n");
    assert_eq!(broken(&read), ["STDIN:6: StatefulSet: invalid type: string \"two\", expected i32"]);
    let read = read_text(
        "{\"apiVersion\": \"apps/v1\",\n \"kind\": \"StatefulSet\",\n \"spec\": {\n  \"replicas\": \"two\"}}",
    );
    assert_eq!(broken(&read), ["STDIN:4: StatefulSet: invalid type: string \"two\", expected i32"]);
}

#[test]
fn what_is_no_object_says_what_was_expected() {
    assert_eq!(broken(&read_text("a: 1\n")), ["STDIN:1: expected a Kubernetes object: it has no kind"]);
    assert_eq!(
        broken(&read_text("- a\n- b\n")),
        ["STDIN:1: expected a Kubernetes object, a mapping with kind and apiVersion"]
    );
    assert_eq!(broken(&read_text("{\"kind\": \"Pod\",\n")), ["STDIN:2: EOF while parsing an object"]);
    assert_eq!(broken(&read_text("\u{1}\0\u{2}")), ["STDIN:1: is not text: expected YAML or JSON in UTF-8"]);
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    assert_eq!(
        read(&[Source::Stdin], false, None, "default", now, &mut "# nothing\n".as_bytes()).unwrap_err(),
        "no objects passed to read: the files hold no Kubernetes object"
    );
}

#[test]
fn markers_inside_a_block_scalar_do_not_split_a_document() {
    let read = read_text(&format!("{POD}data: |\n  ---\n  text\n"));
    assert_eq!(names(&read), ["pod shop/web-0"]);
    assert_eq!(broken(&read), [""; 0]);
}

#[test]
fn an_object_that_stands_twice_counts_as_read_last() {
    let read = read_text(&format!("{WEB}---\n{}", WEB.replace("replicas: 2", "replicas: 5")));
    assert_eq!(read.cluster.sets.items.len(), 1);
    assert_eq!(read.cluster.sets.items[0].replicas, 5);
}

#[test]
fn a_folder_is_read_by_endings_and_a_bundle_to_its_depth() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let get = |recursive| {
        let source = Source::Path(folder.path().to_owned());
        read(&[source], recursive, None, "default", now, &mut std::io::empty())
    };
    let empty = get(false).unwrap_err();
    assert!(
        empty.ends_with("recognized file extensions are [.json .yaml .yml]; -R looks into folders below it"),
        "{empty}"
    );
    std::fs::create_dir_all(at("shop/web-0")).unwrap();
    std::fs::write(
        at("shop/pods.json"),
        r#"{"kind":"PodList","items":[{"metadata":{"name":"web-0","namespace":"shop"}}]}"#,
    )
    .unwrap();
    std::fs::write(at("shop/web-0/logs.txt"), "==== START").unwrap();
    std::fs::write(at("set.yaml"), WEB).unwrap();
    assert_eq!(names(&get(false).unwrap()), ["set shop/web"]);
    assert_eq!(names(&get(true).unwrap()), ["set shop/web", "pod shop/web-0"]);
    std::fs::write(at("nodes.json"), r#"{"kind":"NodeList","items":[]}"#).unwrap();
    assert_eq!(names(&get(false).unwrap()), ["set shop/web", "pod shop/web-0"]);
}

/// Copied out of a text that escapes its brackets: the list is one word. A server refuses it; so is it here, for those who only read and for those
/// who would create it.
#[test]
fn a_list_that_is_written_with_backslashes_is_named_by_its_line() {
    let manifest = "kind: Job\napiVersion: batch/v1\nmetadata: {name: backup}\nspec:\n  template:\n    spec:\n      containers:\n      - name: backup\n        command: \\[\"bash\"\\]\n";
    let says = |line: u64, kind: &str| {
        format!(
            r#"STDIN:{line}: {kind}: invalid type: string "\\[\"bash\"\\]", expected a sequence: a list is written without backslashes, ["bash"]"#
        )
    };
    assert_eq!(broken(&read_text(manifest)), [says(9, "Job")]);
    let read_raw = |text: &str| objects(&mut text.as_bytes(), "STDIN").unwrap_err().to_string();
    assert_eq!(read_raw(manifest), says(9, "Job"));
    let json = yaml_to_json(manifest).unwrap().replace("\"spec\":{\"containers", "\"spec\":\n{\"containers");
    assert_eq!(read_raw(&format!("# nothing\n---\n{json}")), says(4, "Job"));
    let set = manifest.replace("kind: Job", "kind: StatefulSet").replace("batch/v1", "apps/v1");
    assert_eq!(broken(&read_text(&set)), [says(9, "StatefulSet")]);
}
