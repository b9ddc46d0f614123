//! Volumes, etcd and the stores that several components share.

use super::section::section;
use super::{Quantity, Resources, Sensitive};

section! {
    /// Where volumes come from.
    #[derive(Eq)]
    Persistence {
        /// The StorageClass of every volume. When empty, the cluster's default one is used.
        storage_class?: text,
    }

    /// The cluster's etcd.
    #[derive(Eq)]
    Etcd {
        /// Whether etcd is monitored. Needs Secret kube-etcd-client-certs in namespace
        /// kubesphere-monitoring-system beforehand.
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
        /// Whether redis is installed. ks-apiserver runs more than one replica only with it.
        enabled: bool,
        /// Without effect yet: ksi installs one redis server, and KubeSphere finds no replica of it by
        /// itself.
        #[serde(rename = "enableHA")]
        enable_ha: bool,
        /// The size of its volume.
        volume_size: Quantity = "2Gi".into(),
        /// Resources of its container.
        resources?: Resources,
        placement both;
    }

    /// The directory of DevOps users.
    Openldap {
        /// Whether OpenLDAP is installed. DevOps installs it in any case.
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

    /// An object store of your own in place of MinIO.
    S3 {
        /// Its address, for example `https://s3.example.com`.
        endpoint?: text,
        /// Its region.
        region: String = "us-east-1".into(),
        /// Whether it is reached without TLS.
        #[serde(rename = "disableSSL")]
        disable_ssl: bool = true,
        /// Whether the bucket stands in the path instead of the host name.
        force_path_style: bool = true,
        /// The access key's name.
        #[serde(rename = "accessKeyID")]
        access_key_id: String = "openpitrixminioaccesskey".into(),
        /// The access key's secret.
        secret_access_key?: Sensitive,
        /// The bucket of the application store.
        openpitrix_bucket: String = "app-store".into(),
    }
}
