//! A fake API server over real TLS, for hermetic end-to-end tests.
