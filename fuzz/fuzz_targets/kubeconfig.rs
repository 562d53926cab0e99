//! A kubeconfig of any bytes: read or refused, never a panic, and a refusal quotes nothing of the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workload_core::connect::read_kubeconfig;

fuzz_target!(|bytes: &[u8]| {
    // A secret wherever the fuzzer likes to put it.
    let mut text = bytes.to_vec();
    text.extend_from_slice(b"\nusers: [{name: u, user: {token: TOPSECRET}}]\n");
    for bytes in [bytes, &text] {
        if let Err(fault) = read_kubeconfig(bytes) {
            assert!(!fault.contains("TOPSECRET"), "{fault}");
        }
    }
});
