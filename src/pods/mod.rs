//! Why a pod does not start, run or end: shared by sets and Jobs.
