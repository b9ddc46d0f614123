//! `section!`: declares a section of the configuration with its defaults beside the fields.

/// Declares a struct in which every key is optional.
///
/// Field forms: `a: T = x` (default `x`), `a: T` (default of `T`), `a?: T` (`Option<T>`),
/// `a?: text` and `a?: secret` (an optional string for which `""` means "not set").
/// `placement;` adds `nodeSelector`, `tolerations` and `affinity`; `placement node;` takes
/// `nodeAffinity` instead of `affinity`, and `placement both;` takes both.
/// YAML names are camelCase unless a field is renamed.
macro_rules! section {
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        placement; $($rest:tt)*) => {
        $crate::config::types::section::placed!($name, affinity);
        $crate::config::types::section::section!(@fields $head $name [$($fields)*] [$($defaults)*]
            /// Labels that a node must have to run these pods. Overrides the global `nodeSelector`.
            node_selector?: std::collections::BTreeMap<String, String>,
            /// Taints that these pods tolerate. Overrides the global `tolerations`.
            tolerations?: Vec<$crate::config::types::Toleration>,
            /// Affinity of these pods, as in a pod's `spec.affinity`. Overrides the global `affinity`.
            affinity?: $crate::config::types::FreeForm,
            $($rest)*);
    };
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        placement node; $($rest:tt)*) => {
        $crate::config::types::section::placed!($name, node_affinity);
        $crate::config::types::section::section!(@fields $head $name [$($fields)*] [$($defaults)*]
            /// Labels that a node must have to run these pods. Overrides the global `nodeSelector`.
            node_selector?: std::collections::BTreeMap<String, String>,
            /// Taints that these pods tolerate. Overrides the global `tolerations`.
            tolerations?: Vec<$crate::config::types::Toleration>,
            /// Node affinity of these pods, as in a pod's `spec.affinity.nodeAffinity`.
            node_affinity?: $crate::config::types::FreeForm,
            $($rest)*);
    };
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        placement both; $($rest:tt)*) => {
        $crate::config::types::section::placed!($name, affinity, node_affinity);
        $crate::config::types::section::section!(@fields $head $name [$($fields)*] [$($defaults)*]
            /// Labels that a node must have to run these pods. Overrides the global `nodeSelector`.
            node_selector?: std::collections::BTreeMap<String, String>,
            /// Taints that these pods tolerate. Overrides the global `tolerations`.
            tolerations?: Vec<$crate::config::types::Toleration>,
            /// Affinity of these pods, as in a pod's `spec.affinity`. Overrides the global `affinity`.
            affinity?: $crate::config::types::FreeForm,
            /// Node affinity of these pods, as in a pod's `spec.affinity.nodeAffinity`. Replaces
            /// that part of `affinity`.
            node_affinity?: $crate::config::types::FreeForm,
            $($rest)*);
    };
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        $(#[$meta:meta])* $field:ident ?: text, $($rest:tt)*) => {
        $crate::config::types::section::section!(@fields $head $name [$($fields)*
            $(#[$meta])*
            #[serde(
                skip_serializing_if = "Option::is_none",
                deserialize_with = "crate::config::types::text::non_empty"
            )]
            pub $field: Option<String>,
        ] [$($defaults)* $field: None,] $($rest)*);
    };
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        $(#[$meta:meta])* $field:ident ?: secret, $($rest:tt)*) => {
        $crate::config::types::section::section!(@fields $head $name [$($fields)*
            $(#[$meta])*
            #[serde(
                skip_serializing_if = "Option::is_none",
                deserialize_with = "crate::config::types::text::non_empty_secret"
            )]
            pub $field: Option<$crate::config::types::Sensitive>,
        ] [$($defaults)* $field: None,] $($rest)*);
    };
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        $(#[$meta:meta])* $field:ident ?: $type:ty, $($rest:tt)*) => {
        $crate::config::types::section::section!(@fields $head $name [$($fields)*
            $(#[$meta])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,
        ] [$($defaults)* $field: None,] $($rest)*);
    };
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        $(#[$meta:meta])* $field:ident : $type:ty = $default:expr, $($rest:tt)*) => {
        $crate::config::types::section::section!(@fields $head $name [$($fields)*
            $(#[$meta])*
            pub $field: $type,
        ] [$($defaults)* $field: $default,] $($rest)*);
    };
    (@fields $head:tt $name:ident [$($fields:tt)*] [$($defaults:tt)*]
        $(#[$meta:meta])* $field:ident : $type:ty, $($rest:tt)*) => {
        $crate::config::types::section::section!(@fields $head $name [$($fields)*
            $(#[$meta])*
            pub $field: $type,
        ] [$($defaults)* $field: Default::default(),] $($rest)*);
    };
    (@fields [$($head:tt)*] $name:ident [$($fields:tt)*] [$($defaults:tt)*]) => {
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields, rename_all = "camelCase")]
        #[allow(clippy::struct_excessive_bools, reason = "the format has this many switches")]
        $($head)*
        pub struct $name { $($fields)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($defaults)* }
            }
        }
    };
    ($($(#[$meta:meta])* $name:ident { $($body:tt)* })+) => {
        $($crate::config::types::section::section!(@fields [$(#[$meta])*] $name [] [] $($body)*);)+
    };
}

/// Implements access to the placement keys of a section as one [`Placement`](super::Placement).
macro_rules! placed {
    ($name:ident, $($affinity:ident),+) => {
        impl $crate::config::types::Placed for $name {
            #[allow(clippy::needless_update, reason = "needed where an affinity is missing")]
            fn placement(&self) -> $crate::config::types::Placement<'_> {
                $crate::config::types::Placement {
                    node_selector: self.node_selector.as_ref(),
                    tolerations: self.tolerations.as_deref(),
                    $($affinity: self.$affinity.as_ref(),)+
                    ..Default::default()
                }
            }
        }
    };
}

pub(crate) use {placed, section};
