//! What kubectl-sts and kubectl-job share.
