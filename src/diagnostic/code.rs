//! The stable codes of diagnostics. A code is never reused for another problem.

use std::fmt;

/// Declares the codes once: name, number, title.
macro_rules! codes {
    ($($name:ident = $number:literal $text:literal, $title:literal;)*) => {
        /// A stable code, shown as `KSI0012` and documented in `docs/errors/KSI0012.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name = $number,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The page that explains it, in Markdown.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../../docs/errors/KSI", $text, ".md")),)*
                }
            }

            /// The title of the code, a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    // Reading: 1 to 9
    Unreadable = 1 "0001", "a file that cannot be read";
    NotUtf8 = 2 "0002", "a file that is not UTF-8 text";
    Syntax = 3 "0003", "text that is not YAML";
    DuplicateKey = 4 "0004", "a duplicate key";
    TooLarge = 5 "0005", "a file that is too large or too deeply nested";
    NoConfiguration = 6 "0006", "no ClusterConfiguration in the input";
    SeveralConfigurations = 7 "0007", "two ClusterConfigurations in one file";
    WrongKind = 8 "0008", "a document of an unknown kind";
    BadSet = 9 "0009", "an invalid --set";

    // Shape: 10 to 29
    WrongType = 10 "0010", "a value of the wrong type";
    NotAllowed = 11 "0011", "a value that is not allowed";
    UnknownField = 12 "0012", "an unknown field";
    MisplacedField = 13 "0013", "a known field in the wrong place";
    BadFormat = 14 "0014", "a value in the wrong format";
    OutOfRange = 15 "0015", "a number out of range";
    Missing = 16 "0016", "a missing required field";
    ControlCharacter = 17 "0017", "a control character in a text";
    Unrendered = 18 "0018", "a template that was not rendered";

    // Meaning: 30 to 79
    MemberWithoutSecret = 30 "0030", "a member without the host's jwtSecret";
    JwtSecretLength = 31 "0031", "an invalid or short jwtSecret";
    JwtSecretTwice = 32 "0032", "both jwtSecret and jwtSecretRef";
    ProxyAddress = 33 "0033", "an invalid proxyPublishAddress";
    ProxyAddressPlain = 34 "0034", "a proxyPublishAddress without TLS";
    BadName = 35 "0035", "an invalid Kubernetes name";
    BadDuration = 36 "0036", "an invalid duration";
    BadQuantity = 37 "0037", "an invalid quantity";
    BadPort = 38 "0038", "a port out of range";
    NodePortRange = 39 "0039", "a NodePort outside the usual range";
    NodePortTwice = 40 "0040", "a NodePort that is used twice";
    BadImage = 41 "0041", "an invalid image reference or registry";
    BadSelector = 42 "0042", "an invalid label or selector";
    ExternalSearch = 43 "0043", "an incomplete external Elasticsearch or OpenSearch";
    WeakPassword = 44 "0044", "a weak admin password";
    DefaultPassword = 45 "0045", "the default admin password";
    MemberTokenAge = 46 "0046", "accessTokenMaxAge other than 0 on a member";
    NoEffect = 47 "0047", "a key without effect in this role";
    Unmanaged = 48 "0048", "a component that ksi does not install yet";
    EvenMasters = 49 "0049", "an even number of masters";
    EdgeAddress = 50 "0050", "KubeEdge without an address";
    NodePortService = 51 "0051", "a NodePort for a Service that has none";
    BadCidr = 52 "0052", "an invalid address range";
    UnsupportedKubernetes = 53 "0053", "an unsupported Kubernetes version";
    UnsupportedVersion = 54 "0054", "a KubeSphere version that ksi does not install";
    ResourceBounds = 55 "0055", "a request above its limit";
    InconsistentSwitch = 56 "0056", "a setting without effect";
    JwtSecretExample = 57 "0057", "a jwtSecret that is an example or a placeholder";
    KubeKeyDiffers = 58 "0058", "different values in KubeKey's Cluster and the ClusterConfiguration";
    ExistingAdmin = 59 "0059", "an adminPassword for an existing admin";
    HostRenamed = 60 "0060", "another name for an installed host";

    // Old forms: 80 to 89
    Migrated = 80 "0080", "a key or file in an old format";
    MigrationConflict = 81 "0081", "different values at the old and the new path";
    Obsolete = 82 "0082", "an old key without effect";
    MisindentedRole = 83 "0083", "multicluster keys that are not indented";
    FromStatus = 84 "0084", "a setting that only the status of the ClusterConfiguration has";

    // Rendering: 90 to 99
    Template = 90 "0090", "an invalid template in ksi";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KSI{:04}", *self as u16)
    }
}

impl std::str::FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|c| c.to_string().eq_ignore_ascii_case(text)).ok_or(())
    }
}
