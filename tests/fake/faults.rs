//! What goes wrong on purpose goes wrong as it should.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::json;
use workload_tests::{Certificate, Cluster, Door, Fault, On};

use crate::client::{Ended, ask, get};
use crate::{pod, pods};

const PODS: &str = "/api/v1/namespaces/shop/pods";

#[test]
fn statuses_have_the_servers_bodies() {
    let mut seen = String::new();
    for (name, fault) in [
        ("unauthorized", Fault::unauthorized()),
        ("forbidden", Fault::forbidden("exceeded quota")),
        ("not found", Fault::not_found()),
        ("conflict", Fault::conflict()),
        ("invalid", Fault::invalid("spec.serviceName", "Required value")),
        ("gone", Fault::gone()),
        ("too many", Fault::too_many(7)),
        ("throttled", Fault::throttled(1)),
        ("internal", Fault::internal("etcdserver: leader changed")),
        ("bad gateway", Fault::bad_gateway()),
        ("unavailable", Fault::unavailable()),
        ("timeout", Fault::timeout()),
    ] {
        let cluster = Cluster::new().fault(On::any(), fault).start();
        let reply = get(&cluster, PODS);
        let retry = reply.header("retry-after").map_or_else(String::new, |it| format!(" retry-after {it}"));
        let kind = reply.header("content-type").unwrap();
        seen.push_str(&format!("{name}: {} {kind}{retry}\n{}\n", reply.status, reply.text().trim_end()));
    }
    insta::assert_snapshot!(seen, @r#"
    unauthorized: 401 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}
    forbidden: 403 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods is forbidden: exceeded quota","reason":"Forbidden","details":{"kind":"pods"},"code":403}
    not found: 404 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"\" not found","reason":"NotFound","details":{"kind":"pods"},"code":404}
    conflict: 409 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Operation cannot be fulfilled on pods \"\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","details":{"kind":"pods"},"code":409}
    invalid: 422 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Pod \"\" is invalid: spec.serviceName: Required value","reason":"Invalid","details":{"kind":"Pod","causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.serviceName"}]},"code":422}
    gone: 410 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"The resourceVersion for the provided list is too old.","reason":"Expired","code":410}
    too many: 429 application/json retry-after 7
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"The server has received too many requests and has asked us to try again later.","reason":"TooManyRequests","details":{"retryAfterSeconds":7},"code":429}
    throttled: 429 text/plain; charset=utf-8 retry-after 1
    Too many requests, please try again later.
    internal: 500 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Internal error occurred: etcdserver: leader changed","reason":"InternalError","details":{"causes":[{"message":"etcdserver: leader changed"}]},"code":500}
    bad gateway: 502 text/html
    <html>
    <head><title>502 Bad Gateway</title></head>
    <body>
    <center><h1>502 Bad Gateway</h1></center>
    <hr><center>nginx</center>
    </body>
    </html>
    unavailable: 503 application/json
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server is currently unable to handle the request","reason":"ServiceUnavailable","code":503}
    timeout: 504 text/plain; charset=utf-8
    {"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}
    "#);
}

#[test]
fn bodies_end_as_told() {
    let note = "x".repeat(1000);
    for (fault, ended, length) in [
        (Fault::cut_after(100), Ended::Short, 100),
        (Fault::end_after(100), Ended::Whole, 100),
        (Fault::reset_after(100), Ended::Reset, 100),
        (Fault::stall_after(100), Ended::StillOpen, 100),
        (Fault::reset_after(0), Ended::Reset, 0),
    ] {
        let cluster = Cluster::new().object(pod("shop", "a-0", &json!({"note": note}))).fault(On::any(), fault).start();
        let reply = ask(&cluster, "GET", PODS).patience(Duration::from_millis(800)).send().unwrap();
        assert_eq!((reply.status, reply.ended, reply.body.len()), (200, ended, length));
    }
}

#[test]
fn nothing_comes_from_silence_and_resets() {
    for (fault, kind) in [(Fault::silence(), ErrorKind::TimedOut), (Fault::reset(), ErrorKind::ConnectionReset)] {
        let cluster = Cluster::new().fault(On::list("pods"), fault).start();
        let error = ask(&cluster, "GET", PODS).patience(Duration::from_millis(300)).send().unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(cluster.requests()[0].status, None);
        assert_eq!(get(&cluster, "/version").status, 200, "the server is well otherwise");
    }
}

#[test]
fn doors_and_certificates_fail_as_told() {
    let patience = Duration::from_millis(300);
    let attempt = |cluster: Cluster| {
        let cluster = cluster.start();
        ask(&cluster, "GET", "/version").patience(patience).send().unwrap_err()
    };
    assert!(matches!(attempt(Cluster::new().door(Door::Silent)).kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert_eq!(attempt(Cluster::new().door(Door::Slammed)).kind(), ErrorKind::ConnectionReset);
    let plain = attempt(Cluster::new().door(Door::PlainHttp)).to_string();
    assert!(plain.contains("InvalidContentType") || plain.contains("corrupt"), "{plain}");
    for (shown, sign) in [
        (Certificate::Expired, "expired"),
        (Certificate::OtherName, "not valid for name"),
        (Certificate::OtherAuthority, "UnknownIssuer"),
    ] {
        let error = attempt(Cluster::new().certificate(shown)).to_string();
        assert!(error.contains(sign) || error.contains("BadSignature"), "{shown:?}: {error}");
    }
}

#[test]
fn faults_strike_only_whom_they_should() {
    let cluster = Cluster::new()
        .objects(pods("shop", 1))
        .fault(On::list("pods").nth(2), Fault::timeout())
        .fault(On::list("services").first(2), Fault::unavailable())
        .fault(On::get("pods").name("a-0").namespace("shop").from(2), Fault::not_found())
        .start();
    let statuses = |uri: &str| -> Vec<u16> { (0..3).map(|_| get(&cluster, uri).status).collect() };
    assert_eq!(statuses(PODS), [200, 504, 200]);
    assert_eq!(statuses("/api/v1/services"), [503, 503, 200]);
    assert_eq!(statuses(&format!("{PODS}/a-0")), [200, 404, 404]);
    cluster.heal();
    assert_eq!(get(&cluster, &format!("{PODS}/a-0")).status, 200);
}

#[test]
fn answers_can_be_slow_late_and_marked() {
    let cluster = Cluster::new()
        .objects(pods("shop", 1))
        .fault(On::list("pods"), Fault::slow(100, Duration::from_millis(20)))
        .fault(On::path("/version"), Fault::latency(Duration::from_millis(150)))
        .fault(On::any(), Fault::warning("v1 Pod is \"old\""))
        .fault(On::any(), Fault::date(3600))
        .fault(On::get("pods"), Fault::content_type("text/html"))
        .start();
    let start = Instant::now();
    assert_eq!(get(&cluster, PODS).names(), ["a-0"]);
    assert!(start.elapsed() >= Duration::from_millis(60), "{:?}", start.elapsed());
    let start = Instant::now();
    let version = get(&cluster, "/version");
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(version.header("warning"), Some("299 - \"v1 Pod is \\\"old\\\"\""));
    let date = jiff::fmt::rfc2822::parse(version.header("date").unwrap()).unwrap().timestamp();
    let ahead = (date - jiff::Timestamp::now()).total(jiff::Unit::Second).unwrap();
    assert!((3595.0..3605.0).contains(&ahead), "{ahead}");
    assert_eq!(get(&cluster, &format!("{PODS}/a-0")).header("content-type"), Some("text/html"));
}

#[test]
fn json_can_break_off_in_good_order() {
    let cluster = Cluster::new().objects(pods("shop", 2)).fault(On::any(), Fault::broken_json()).start();
    let reply = get(&cluster, PODS);
    assert_eq!((reply.status, reply.ended), (200, Ended::Whole));
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());
}

#[test]
fn an_answer_can_be_lost_after_the_deed() {
    for fault in [Fault::timeout(), Fault::reset(), Fault::silence()] {
        let cluster = Cluster::new().fault(On::create("jobs"), fault.after_commit()).start();
        let job = json!({"kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": "j"}});
        let reply = ask(&cluster, "POST", "/apis/batch/v1/namespaces/shop/jobs")
            .body(job)
            .patience(Duration::from_millis(300))
            .send();
        assert!(reply.is_err() || reply.unwrap().status == 504);
        assert!(cluster.object("jobs", "shop", "j").is_some());
    }
}
