//! Makes the type of codes out of the catalogue: a line of it is the code's meaning, its word and its severity at once.

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $code:ident: $severity:ident,)*) => {
        /// The code of a verdict, in CamelCase like the reasons in Kubernetes' own conditions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum Code {
            $($(#[doc = $doc])+ $code,)*
        }

        impl Code {
            /// All codes, in the catalogue's order.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The code as it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code),)*
                }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($doc),+).trim_ascii(),)*
                }
            }

            /// The severity that it has unless its rule says otherwise.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$code => Severity::$severity,)*
                }
            }
        }
    };
}
