//! `scripts/image` makes an archive that container runtimes load.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

/// Not a program, but as static as one: the header of an ELF file of 64 bits, with no others behind it.
fn program() -> Vec<u8> {
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(64, 0);
    header
}

fn script(program: &Path, archive: &Path) -> Output {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/image"));
    command.arg("--program").arg(program).arg("--output").arg(archive);
    command.args(["--name", "registry.local/tools/ksi:v1"]).output().unwrap()
}

/// The files of a tar.
fn files(tar: impl std::io::Read) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(entry.path().unwrap().into_owned(), content);
    }
    files
}

#[test]
fn it_has_one_program_without_rights_and_the_list_of_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let [file, archive, again] = ["ksi", "a.tar", "b.tar"].map(|name| folder.path().join(name));
    fs::write(&file, program()).unwrap();
    for to in [&archive, &again] {
        let output = script(&file, to);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(fs::read(&archive).unwrap() == fs::read(&again).unwrap(), "the same gives the same");

    let blobs = files(fs::File::open(&archive).unwrap());
    let read = |path: &str| &blobs[Path::new(path)];
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let blob = |of: &Value| {
        let path = format!("blobs/{}", of["digest"].as_str().unwrap().replace(':', "/"));
        let content = read(&path).as_slice();
        assert_eq!(of["size"], content.len(), "{path}");
        content
    };
    assert_eq!(parse(read("oci-layout")), json!({"imageLayoutVersion": "1.0.0"}));
    let index = parse(read("index.json"));
    let listed = &index["manifests"][0];
    assert_eq!(listed["annotations"]["io.containerd.image.name"], "registry.local/tools/ksi:v1");
    assert_eq!(listed["annotations"]["org.opencontainers.image.ref.name"], "v1");
    let manifest = parse(blob(listed));
    let config = parse(blob(&manifest["config"]));
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"], json!(["/bin/ksi"]));
    let content = files(GzDecoder::new(blob(&manifest["layers"][0])));
    assert_eq!(content[Path::new("bin/ksi")], program());

    let bill = parse(&content[Path::new("usr/share/sbom/ksi.cdx.json")]);
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let names: Vec<_> =
        bill["components"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    for (name, linked) in
        [("kube", true), ("rustls", true), ("insta", false), ("serde_derive", false)]
    {
        assert_eq!(names.contains(&&json!(name)), linked, "{name}");
    }
    for component in bill["components"].as_array().unwrap() {
        assert!(component["hashes"][0]["content"].is_string(), "{component}");
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
    }
}

#[test]
fn a_program_that_needs_libraries_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.tar");
    let output = script(Path::new(env!("CARGO_BIN_EXE_ksi")), &archive);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("not linked statically"), "{said}");
    assert!(!archive.exists());
}
