//! Ten thousand mutated inputs: whatever a file holds, the answer is a configuration or diagnostics.

use std::path::PathBuf;

use ksi::config::{self, Input, Request};
use ksi::diagnostic::{TextStyle, to_json, to_text};
use ksi::facts::Facts;
use ksi::validate::{self, Options};

/// Pieces that turn structure into something else.
const PIECES: &[&str] = &[
    "\n",
    "\t",
    "  ",
    ": ",
    "- ",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!binary ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "%YAML 1.1\n",
    "\u{feff}",
    "\u{a0}",
    "\0",
    "\r",
    "😀",
    "null",
    "~",
    "yes",
    "0x",
    "1e999",
    "-",
    "?",
    "@",
    "`",
    "spec:",
    "kind: Cluster\n",
    "ks-config.yaml: |\n",
];

fn seeds() -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    ["samples", "samples/legacy", "tests/fixtures/invalid", "tests/fixtures/valid"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| std::fs::read(path).unwrap())
        // The bombs are slow by design and have their own tests.
        .filter(|bytes| bytes.len() < 20_000)
        .collect()
}

fn mutate(bytes: &mut Vec<u8>, random: &mut impl FnMut(usize) -> usize) {
    for _ in 0..=random(3) {
        let at = random(bytes.len() + 1);
        let length = random(40).min(bytes.len() - at);
        match random(6) {
            0 => drop(bytes.drain(at..at + length)),
            1 => drop(bytes.splice(at..at, PIECES[random(PIECES.len())].bytes())),
            2 => {
                let part = bytes[at..at + length].to_vec();
                let to = random(bytes.len() + 1);
                drop(bytes.splice(to..to, part));
            }
            3 if at < bytes.len() => bytes[at] = u8::try_from(random(256)).unwrap(),
            4 => bytes.truncate(at),
            _ => drop(bytes.splice(at..at + length, PIECES[random(PIECES.len())].bytes())),
        }
    }
}

#[test]
fn no_input_makes_ksi_panic() {
    let seeds = seeds();
    // The same inputs in every run: a failure can be repeated.
    let mut state = 7_u64;
    let mut random = |below: usize| {
        // SplitMix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below.max(1) as u64).unwrap()
    };
    let mut refused = 0;
    for _ in 0..10_000 {
        let mut bytes = seeds[random(seeds.len())].clone();
        mutate(&mut bytes, &mut random);
        let input = Input { name: "mutated.yaml".into(), bytes };
        let loaded = config::load(Request { inputs: vec![input], sets: Vec::new() });
        if let Err(found) = validate::validate(&loaded, &Facts::default(), Options::default()) {
            refused += 1;
            assert!(found.has_errors());
            assert!(!to_text(&found, &loaded.sources, TextStyle::default()).is_empty());
            to_json(&found, &loaded.sources);
        }
    }
    assert!((1_000..10_000).contains(&refused), "{refused} refused: the mutations are too dull");
}
