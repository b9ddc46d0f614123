//! Volumes, etcd and shared stores.

use super::section::section;
use super::{Quantity, Resources, Sensitive};

section! {
    /// Persistent storage.
    #[derive(Eq)]
    Persistence {
        /// The StorageClass of every volume. If empty, the default of the cluster is used.
        storage_class?: text,
    }

    /// The cluster's etcd.
    #[derive(Eq)]
    Etcd {
        /// Whether etcd is monitored. Requires an existing Secret kube-etcd-client-certs in namespace
        /// kubesphere-monitoring-system.
        monitoring: bool,
        /// Addresses of the etcd members, separated by commas.
        endpoint_ips: String = "localhost".into(),
        /// The port of etcd.
        #[schemars(range(min = 1, max = 65535))]
        port: u16 = 2379,
        /// Whether etcd is reached over TLS.
        tls_enable: bool = true,
    }

    /// The token cache and session store of ks-apiserver.
    Redis {
        /// Whether Redis is installed. Without it ks-apiserver runs only one replica.
        enabled: bool,
        /// Has no effect yet: ksi installs a single Redis server.
        #[serde(rename = "enableHA")]
        enable_ha: bool,
        /// The size of its volume.
        volume_size: Quantity = "2Gi".into(),
        /// Resources of its container.
        resources?: Resources,
        placement both;
    }

    /// The LDAP directory of DevOps users.
    Openldap {
        /// Whether OpenLDAP is installed. DevOps always installs it.
        enabled: bool,
        /// The size of its volume.
        volume_size: Quantity = "2Gi".into(),
        placement node;
    }

    /// The object store of the application store and of DevOps.
    Minio {
        /// The size of its volume.
        volume_size: Quantity = "20Gi".into(),
        placement;
    }

    /// An object store of your own, instead of MinIO.
    S3 {
        /// Its address, for example `https://s3.example.com`.
        endpoint?: text,
        /// Its region.
        region: String = "us-east-1".into(),
        /// Whether it is reached without TLS.
        #[serde(rename = "disableSSL")]
        disable_ssl: bool = true,
        /// Whether the bucket is part of the path instead of the host name.
        force_path_style: bool = true,
        /// The access key ID.
        #[serde(rename = "accessKeyID")]
        access_key_id: Sensitive = "openpitrixminioaccesskey".into(),
        /// The secret access key.
        secret_access_key?: Sensitive,
        /// The bucket of the application store.
        openpitrix_bucket: String = "app-store".into(),
    }
}
