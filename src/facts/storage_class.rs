//! StorageClasses.

use super::Meta;

/// A StorageClass.
#[derive(Debug, Clone)]
pub struct StorageClass {
    /// Name.
    pub meta: Meta,
    /// `provisioner`.
    pub provisioner: Box<str>,
    /// `volumeBindingMode: WaitForFirstConsumer`: binds when the first pod is scheduled.
    pub waits_for_consumer: bool,
    /// The annotation `storageclass.kubernetes.io/is-default-class`, or its beta twin.
    pub default: bool,
    /// `allowVolumeExpansion`.
    pub expandable: bool,
}
