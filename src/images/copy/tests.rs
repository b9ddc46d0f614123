//! Copies between files: no registry is needed.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tar::{Builder, Header};
use tempfile::TempDir;

use super::*;
use crate::images::selection::{Wanted, items};
use crate::registry;

const NAME: &str = "docker.io/kubesphere/tower:v0.2.1";
const OTHER: &str = "r.example:5000/other:1";

fn add(tar: &mut Builder<fs::File>, path: &str, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, path, bytes).unwrap();
}

/// What `docker save` writes: two images that share a layer.
fn saved(folder: &Path) -> Place {
    let path = folder.join("saved.tar");
    let mut tar = Builder::new(fs::File::create(&path).unwrap());
    let layers: [(&str, Vec<u8>); 2] =
        [("a/layer.tar", vec![7; 700_000]), ("b/layer.tar", vec![9; 3])];
    for (path, layer) in &layers {
        add(&mut tar, path, layer);
    }
    let mut manifest = Vec::new();
    for (name, many) in [(NAME, 2), (OTHER, 1)] {
        let used = &layers[..many];
        let ids: Vec<_> = used.iter().map(|(_, layer)| Digest::of(layer).to_string()).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ids},
        });
        let config = config.to_string();
        let path = format!("{}.json", Digest::of(config.as_bytes()).hex());
        add(&mut tar, &path, config.as_bytes());
        let paths: Vec<_> = used.iter().map(|(path, _)| *path).collect();
        manifest.push(json!({"Config": path, "RepoTags": [name], "Layers": paths}));
    }
    add(&mut tar, "manifest.json", Value::from(manifest).to_string().as_bytes());
    tar.into_inner().unwrap().flush().unwrap();
    Place::DockerArchive(path)
}

async fn copier(from: &Place, to: &Place, platforms: &[&str]) -> Result<Copier, Error> {
    let client = Client::new(registry::Options::default()).unwrap();
    let platforms = platforms.iter().map(|platform| platform.parse().unwrap()).collect();
    Copier::open(&client, Some(from), to, Options { platforms, parallel: 2 }).await
}

async fn copy(from: &Place, to: &Place) -> (Vec<Copied>, Vec<Failed>) {
    let copier = copier(from, to, &[]).await.unwrap();
    let names = copier.names();
    let wanted: Vec<_> = names.iter().flatten().map(|name| Wanted::named(name)).collect();
    let items = items(&wanted, Some(from), to).unwrap();
    let board = Board::new(items.iter().map(|item| item.listed.clone()));
    let result = copier.run(items, &board).await.unwrap();
    let ended = |row: &Row| {
        row.state == State::Failed || (row.state == State::Done && row.done == row.total)
    };
    assert!(board.rows().iter().all(ended), "{:?}", board.rows());
    result
}

fn digests(copied: &[Copied]) -> Vec<String> {
    copied.iter().map(|one| one.digest.to_string()).collect()
}

fn sent(copied: &[Copied]) -> u64 {
    copied.iter().map(|one| one.sent).sum()
}

#[tokio::test]
async fn images_stay_the_same_through_all_kinds_of_files() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (saved, layout) = (saved(folder.path()), Place::Layout(at("layout")));
    let (first, failed) = copy(&saved, &layout).await;
    assert_eq!(failed, []);
    assert_eq!(first.len(), 2);
    assert!((700_003..702_000).contains(&sent(&first)), "the shared layer is written once");
    let archive = Place::Archive(at("images.tar"));
    let (second, _) = copy(&layout, &archive).await;
    assert_eq!(digests(&second), digests(&first));
    assert!(!at("images.tar.part").exists());
    let again = Place::Layout(at("again"));
    let (third, _) = copy(&archive, &again).await;
    assert_eq!(digests(&third), digests(&first));
    let index = |name: &str| fs::read_to_string(at(name).join("index.json")).unwrap();
    assert_eq!(index("layout"), index("again"));
    // Whatever is there stays, and is not written again.
    let (fourth, _) = copy(&archive, &again).await;
    assert_eq!((sent(&fourth), digests(&fourth)), (0, digests(&first)));
    let (fifth, _) = copy(&again, &archive).await;
    assert_eq!((sent(&fifth), digests(&fifth)), (0, digests(&first)));
}

#[tokio::test]
async fn what_is_damaged_is_not_copied_and_named() {
    let folder = TempDir::new().unwrap();
    let layout = Place::Layout(folder.path().join("layout"));
    let (copied, _) = copy(&saved(folder.path()), &layout).await;
    let shared = Digest::of(&vec![7; 700_000]);
    let blob = folder.path().join("layout/blobs/sha256").join(shared.hex());
    let mut bytes = fs::read(&blob).unwrap();
    bytes[600_000] ^= 1;
    fs::write(&blob, &bytes).unwrap();
    let to = folder.path().join("to");
    let (none, failed) = copy(&layout, &Place::Layout(to.clone())).await;
    assert_eq!((none, failed.len()), (Vec::new(), 2));
    let said = failed[0].error.to_string();
    assert!(said.contains("damaged") && said.contains(shared.as_str()), "{said}");
    assert!(!to.join("blobs/sha256").join(shared.hex()).exists());
    // A file that is too short is seen before it is read.
    fs::write(&blob, &bytes[..9]).unwrap();
    let (_, failed) = copy(&layout, &Place::Layout(to)).await;
    assert_eq!(failed[0].error.kind, ErrorKind::Digest);
    drop(copied);
}

#[tokio::test]
async fn an_archive_that_was_interrupted_is_continued_with_what_is_right_in_it() {
    let folder = TempDir::new().unwrap();
    let saved = saved(folder.path());
    let path = folder.path().join("images.tar");
    let (whole, _) = copy(&saved, &Place::Archive(path.clone())).await;
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    // All parts are there, and in one of them a byte is wrong; the last one is cut.
    let mut part = bytes[..bytes.len() - 3001].to_vec();
    part[10_000] ^= 1;
    fs::write(folder.path().join("images.tar.part"), &part).unwrap();
    let (again, failed) = copy(&saved, &Place::Archive(path.clone())).await;
    assert_eq!((digests(&again), failed), (digests(&whole), Vec::new()));
    let (checked, failed) =
        copy(&Place::Archive(path), &Place::Layout(folder.path().join("l"))).await;
    assert_eq!((digests(&checked), failed), (digests(&whole), Vec::new()));
}

#[tokio::test]
async fn an_archive_does_not_lose_images_of_an_earlier_run() {
    let folder = TempDir::new().unwrap();
    let saved = saved(folder.path());
    let path = folder.path().join("images.tar");
    let archive = Place::Archive(path.clone());
    copy(&saved, &archive).await;
    let before = fs::read(&path).unwrap();
    let copier = copier(&saved, &archive, &[]).await.unwrap();
    let one = items(&[Wanted::named(NAME)], Some(&saved), &archive).unwrap();
    let error = copier.run(one, &Board::new(["a".to_owned()])).await.unwrap_err();
    assert!(error.to_string().contains(OTHER) && !error.to_string().contains(NAME), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn nobody_else_writes_to_the_same_files() {
    let folder = TempDir::new().unwrap();
    let saved = saved(folder.path());
    for to in [Place::Layout(folder.path().join("l")), Place::Archive(folder.path().join("a"))] {
        let held = copier(&saved, &to, &[]).await.unwrap();
        let error = copier(&saved, &to, &[]).await.unwrap_err();
        assert!(error.to_string().contains("another run"), "{error}");
        drop(held);
        copier(&saved, &to, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_platform_that_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (saved(folder.path()), Place::Layout(folder.path().join("l")));
    let copier = copier(&from, &to, &["linux/arm64"]).await.unwrap();
    let items = items(&[Wanted::named(NAME)], Some(&from), &to).unwrap();
    let board = Board::new(["a".to_owned()]);
    let (_, failed) = copier.run(items, &board).await.unwrap();
    assert_eq!(failed[0].error.kind, ErrorKind::NoSuchPlatform);
    let said = failed[0].error.to_string();
    assert!(said.contains("linux/arm64, but for linux/amd64"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_read_or_written_is_refused_before_anything_is_written() {
    let folder = TempDir::new().unwrap();
    let (saved, to) = (saved(folder.path()), Place::Layout(folder.path().join("l")));
    let missing = Place::Layout(folder.path().join("missing"));
    let text = folder.path().join("text");
    fs::write(&text, "no tar file at all, but long enough to be one".repeat(40)).unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for (from, to, words) in [
        (&missing, &to, "No such file"),
        (&Place::Archive(text), &to, ""),
        (&Place::Layout(empty), &to, "no index.json"),
        (&saved, &Place::DockerArchive("a".into()), "oci-archive"),
        (&to, &to, "to where they are"),
    ] {
        let error = copier(from, to, &[]).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!folder.path().join("l").exists());
    }
}
