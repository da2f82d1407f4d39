//! What makes a struct a kind of our API group.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The API group of all our kinds.
pub const GROUP: &str = "openchoreo.dev";
/// The one version of our API group.
pub const VERSION: &str = "v1alpha1";
/// Group and version as objects state them.
pub const API_VERSION: &str = "openchoreo.dev/v1alpha1";

/// A kind of `openchoreo.dev/v1alpha1`.
///
/// Every kind also is a `kube_core::Resource` with `DynamicType = ()`, so it works with `kube::Api` as it stands.
/// Writing adds `apiVersion` and `kind`; reading accepts their absence and refuses another kind's.
pub trait Kind:
    kube_core::Resource<DynamicType = ()>
    + k8s_openapi::Metadata<Ty = ObjectMeta>
    + Serialize
    + DeserializeOwned
    + Clone
    + Default
    + PartialEq
    + std::fmt::Debug
    + Send
    + Sync
    + 'static
{
    /// The kind's name, as objects state it.
    const NAME: &'static str;

    /// Name in the namespace (or cluster); empty while it has none.
    fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    /// The object's namespace; empty for cluster-scoped kinds.
    fn namespace(&self) -> &str {
        self.metadata().namespace.as_deref().unwrap_or_default()
    }

    /// The object's uid; empty before it was stored.
    fn uid(&self) -> &str {
        self.metadata().uid.as_deref().unwrap_or_default()
    }

    /// `metadata.generation`: counts the changes of the spec; 0 before it was stored.
    fn generation(&self) -> i64 {
        self.metadata().generation.unwrap_or_default()
    }

    /// True from the deletion request until the last finalizer is gone.
    fn is_being_deleted(&self) -> bool {
        self.metadata().deletion_timestamp.is_some()
    }

    /// The value of a label.
    fn label(&self, key: &str) -> Option<&str> {
        self.metadata().labels.as_ref()?.get(key).map(String::as_str)
    }

    /// The value of an annotation.
    fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata().annotations.as_ref()?.get(key).map(String::as_str)
    }

    /// True if the object carries this finalizer.
    fn has_finalizer(&self, finalizer: &str) -> bool {
        self.metadata().finalizers.iter().flatten().any(|held| held == finalizer)
    }
}

/// The structural schemas of a kind's own parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KindSchemas {
    /// Schema of `spec`.
    pub(crate) spec: Value,
    /// Schema of `status`, for kinds that have one.
    pub(crate) status: Option<Value>,
}

/// Refuses an object of another kind; absent words are accepted, as list items have none.
pub(crate) fn check_type(expected: &str, api_version: Option<&str>, kind: Option<&str>) -> Result<(), String> {
    if let Some(kind) = kind.filter(|kind| *kind != expected) {
        return Err(format!("kind is `{kind}`, expected `{expected}`"));
    }
    if let Some(version) = api_version.filter(|version| *version != API_VERSION) {
        return Err(format!("apiVersion is `{version}`, expected `{API_VERSION}`"));
    }
    Ok(())
}

/// Declares a kind: its struct, how it is read and written, and its place in the API.
///
/// `status: empty` declares a status that can hold nothing (the CRD has it, the struct has not); no status at all is
/// said by leaving it out.
macro_rules! kind {
    ($(#[$meta:meta])* $kind:ident($plural:literal, $scope:ident) { spec: $spec:ty $(,)? }) => {
        $crate::kind::kind!(@define [$(#[$meta])*] $kind $plural $scope $spec [] None);
    };
    ($(#[$meta:meta])* $kind:ident($plural:literal, $scope:ident) { spec: $spec:ty, status: empty $(,)? }) => {
        $crate::kind::kind!(@define [$(#[$meta])*] $kind $plural $scope $spec []
            Some(serde_json::json!({ "type": "object" })));
    };
    ($(#[$meta:meta])* $kind:ident($plural:literal, $scope:ident) { spec: $spec:ty, status: $status:ty $(,)? }) => {
        $crate::kind::kind!(@define [$(#[$meta])*] $kind $plural $scope $spec [$status]
            Some($crate::schema::structural::<$status>()));
    };
    (@scope Namespaced) => { k8s_openapi::NamespaceResourceScope };
    (@scope Cluster) => { k8s_openapi::ClusterResourceScope };
    (@define [$(#[$meta:meta])*] $kind:ident $plural:literal $scope:ident $spec:ty [$($status:ty)?] $status_schema:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $kind {
            /// Name, namespace, labels, generation and the rest of what every object has.
            pub metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
            /// What is wanted.
            pub spec: $spec,
            $(
                /// What was observed; written by the platform only.
                pub status: Option<$status>,
            )?
        }

        impl $kind {
            /// An object with a name and a spec; everything else absent.
            pub fn new(name: &str, spec: $spec) -> Self {
                Self {
                    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                        name: Some(name.to_owned()),
                        ..Default::default()
                    },
                    spec,
                    $(status: None::<$status>,)?
                }
            }

            #[doc = "The structural schemas of spec and status."]
            pub(crate) fn schemas() -> $crate::kind::KindSchemas {
                $crate::kind::KindSchemas {
                    spec: $crate::schema::structural::<$spec>(),
                    status: $status_schema,
                }
            }
        }

        impl k8s_openapi::Resource for $kind {
            const API_VERSION: &'static str = $crate::kind::API_VERSION;
            const GROUP: &'static str = $crate::kind::GROUP;
            const KIND: &'static str = stringify!($kind);
            const VERSION: &'static str = $crate::kind::VERSION;
            const URL_PATH_SEGMENT: &'static str = $plural;
            type Scope = $crate::kind::kind!(@scope $scope);
        }

        impl k8s_openapi::Metadata for $kind {
            type Ty = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

            fn metadata(&self) -> &Self::Ty {
                &self.metadata
            }

            fn metadata_mut(&mut self) -> &mut Self::Ty {
                &mut self.metadata
            }
        }

        impl $crate::kind::Kind for $kind {
            const NAME: &'static str = stringify!($kind);
        }

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(serde::Serialize)]
                #[serde(rename_all = "camelCase")]
                struct Written<'a> {
                    api_version: &'static str,
                    kind: &'static str,
                    metadata: &'a k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    spec: Option<&'a $spec>,
                    $(
                        #[serde(skip_serializing_if = "Option::is_none")]
                        status: Option<&'a $status>,
                    )?
                }
                Written {
                    api_version: $crate::kind::API_VERSION,
                    kind: stringify!($kind),
                    metadata: &self.metadata,
                    spec: Some(&self.spec).filter(|spec| !$crate::zero::is_zero(*spec)),
                    $(status: self.status.as_ref().filter(|status: &&$status| !$crate::zero::is_zero(*status)),)?
                }
                .serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Read {
                    api_version: Option<String>,
                    kind: Option<String>,
                    #[serde(default)]
                    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
                    #[serde(default)]
                    spec: Option<$spec>,
                    $(
                        #[serde(default, deserialize_with = "crate::zero::absent_if_empty")]
                        status: Option<$status>,
                    )?
                }
                let read = Read::deserialize(deserializer)?;
                $crate::kind::check_type(stringify!($kind), read.api_version.as_deref(), read.kind.as_deref())
                    .map_err(serde::de::Error::custom)?;
                Ok(Self {
                    metadata: read.metadata,
                    spec: read.spec.unwrap_or_default(),
                    $(status: Option::<$status>::from(read.status),)?
                })
            }
        }
    };
}

pub(crate) use kind;
