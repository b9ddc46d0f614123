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
    DuplicateKey = 4 "0004", "a key that stands twice in one mapping";
    TooLarge = 5 "0005", "a file that is too large or too deeply nested";
    NoConfiguration = 6 "0006", "no ClusterConfiguration in the input";
    SeveralConfigurations = 7 "0007", "two ClusterConfigurations in one file";
    WrongKind = 8 "0008", "a document of a kind that ksi does not read";
    BadSet = 9 "0009", "a --set that names no key or has the wrong form";

    // Shape: 10 to 29
    WrongType = 10 "0010", "a value of the wrong type";
    NotAllowed = 11 "0011", "a value that is not among the allowed ones";
    UnknownField = 12 "0012", "an unknown field";
    MisplacedField = 13 "0013", "a known field in the wrong place";
    BadFormat = 14 "0014", "a value that does not have the required form";
    OutOfRange = 15 "0015", "a number out of range";
    Missing = 16 "0016", "a required field that is missing";
    ControlCharacter = 17 "0017", "a control character in a text";

    // Meaning: 30 to 79
    MemberWithoutSecret = 30 "0030", "a member without the host's jwtSecret";
    JwtSecretLength = 31 "0031", "a jwtSecret that cannot be meant";
    JwtSecretTwice = 32 "0032", "both jwtSecret and jwtSecretRef";
    ProxyAddress = 33 "0033", "a proxyPublishAddress that agents cannot dial";
    ProxyAddressPlain = 34 "0034", "a proxyPublishAddress without TLS";
    BadName = 35 "0035", "a name that Kubernetes does not accept";
    BadDuration = 36 "0036", "a duration that Go cannot read";
    BadQuantity = 37 "0037", "a quantity that Kubernetes cannot read";
    BadPort = 38 "0038", "a port out of range";
    NodePortRange = 39 "0039", "a NodePort outside of the cluster's range";
    NodePortTwice = 40 "0040", "two uses of one NodePort";
    BadImage = 41 "0041", "an image reference or registry that cannot be pulled from";
    BadSelector = 42 "0042", "a label or selector that Kubernetes does not accept";
    ExternalSearch = 43 "0043", "an external Elasticsearch or OpenSearch that is not complete";
    WeakPassword = 44 "0044", "an admin password that breaks the password rules";
    DefaultPassword = 45 "0045", "the well-known default password";
    MemberTokenAge = 46 "0046", "an access token age other than 0 on a member";
    NoEffect = 47 "0047", "a key without effect in this role";
    Unmanaged = 48 "0048", "a component that ksi does not install yet";
    EvenMasters = 49 "0049", "an even number of masters";
    EdgeAddress = 50 "0050", "an edge runtime without an address";
    NodePortService = 51 "0051", "a nodePort on a Service type that has none";
    BadCidr = 52 "0052", "an address range that is not a CIDR";
    UnsupportedKubernetes = 53 "0053", "a Kubernetes version that is not supported";
    UnsupportedVersion = 54 "0054", "a KubeSphere version that this ksi does not install";
    ResourceBounds = 55 "0055", "requests above limits";
    InconsistentSwitch = 56 "0056", "switches that contradict each other";

    // Old forms: 80 to 89
    Migrated = 80 "0080", "an old form that was read as the new one";
    MigrationConflict = 81 "0081", "an old form beside the new one";
    Obsolete = 82 "0082", "an old key without effect";
    MisindentedRole = 83 "0083", "a multicluster switch that is not indented";

    // Rendering: 90 to 99
    Template = 90 "0090", "a template of ksi that is wrong";
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
