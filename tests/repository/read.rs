//! What of a commit is read, and what is said of the rest.

use std::sync::atomic::{AtomicUsize, Ordering};

use migrate::repo::{LARGEST_FILE, Load};
use migrate::snapshot::{EntryKind, Skip};

use crate::scratch::{Scratch, load, publish};

fn skipped(snapshot: &migrate::snapshot::Snapshot) -> Vec<(&str, &Skip)> {
    snapshot.skipped.iter().map(|(path, skip)| (path.as_str(), skip)).collect()
}

#[test]
fn the_bytes_are_those_of_the_commit_not_of_the_working_tree() {
    let scratch = Scratch::new();
    scratch.write("compose.yml", b"dirty");
    scratch.write("untracked", b"u");
    let snapshot = load(&scratch.repo(), None);
    assert_eq!(snapshot.get("compose.yml").unwrap().bytes(), b"one\ntwo\nthree\n");
    assert_eq!(snapshot.get("compose.yml").unwrap().mode, 0o100_644);
    assert_eq!(snapshot.get("deep/er/deploy.sh").unwrap().mode, 0o100_755);
    assert!(!snapshot.has("untracked") && snapshot.has("deep/er/deploy.sh"));
    assert!(snapshot.skipped.is_empty());
}

#[test]
fn links_and_submodules_are_listed_and_never_read() {
    let scratch = Scratch::new();
    let head = scratch.git(&["rev-parse", "HEAD"]);
    let link = scratch.git(&["rev-parse", "HEAD:compose.yml"]);
    scratch.git(&["update-index", "--add", "--cacheinfo", &format!("120000,{link},link.yml")]);
    scratch.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},sub")]);
    scratch.commit("odd entries");
    let snapshot = load(&scratch.repo(), None);
    let kind = |path: &str| snapshot.entries.iter().find(|entry| entry.path.as_str() == path).unwrap().kind;
    assert_eq!((kind("link.yml"), kind("sub")), (EntryKind::Symlink, EntryKind::Submodule));
    assert_eq!(kind("compose.yml"), EntryKind::File);
    assert!(snapshot.get("link.yml").is_none() && snapshot.get("sub").is_none());
    assert!(snapshot.entries.is_sorted_by(|a, b| a.path.as_str() < b.path.as_str()));
    // They survive in the new tree.
    publish(&scratch.repo(), &[("compose.yml", "two", "2")]).unwrap();
    let tree = scratch.git(&["ls-tree", crate::scratch::BRANCH]);
    assert!(tree.contains("120000 blob") && tree.contains("160000 commit"), "{tree}");
}

#[test]
fn the_filter_decides_by_path_and_by_bytes() {
    let scratch = Scratch::new();
    for number in 0..300 {
        let text = if number % 3 == 0 { "kairos\n".to_owned() } else { format!("other {number}\n") };
        scratch.write(&format!("d{}/f{number}.json", number % 7), text.as_bytes());
    }
    scratch.commit_all("many");
    scratch.git(&["repack", "-qad"]);
    let asked = AtomicUsize::new(0);
    let matters = |bytes: &[u8]| {
        asked.fetch_add(1, Ordering::Relaxed);
        bytes.starts_with(b"kairos")
    };
    let repo = scratch.repo();
    let mut snapshot = repo.snapshot(None).unwrap();
    let json = |path: &str| std::path::Path::new(path).extension().is_some_and(|end| end == "json");
    repo.load(&mut snapshot, &|path| if json(path) { Load::If(&matters) } else { Load::No }).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 300);
    assert_eq!(snapshot.sources().count(), 100);
    assert!(snapshot.sources().all(|source| source.bytes() == b"kairos\n"));
    assert!(snapshot.skipped.is_empty());
}

#[test]
fn what_cannot_be_read_is_recorded_with_the_reason() {
    let scratch = Scratch::new();
    let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    scratch.write("lfs.json", lfs);
    scratch.write("annex.json", b"/annex/objects/SHA256E-s5--00.json\n");
    scratch.write("binary.json", b"kairos \0");
    scratch.write("picture.png", b"\x89PNG\0");
    scratch.write("latin.yml", b"kairos caf\xe9\n");
    let large = [vec![b'x'; LARGEST_FILE as usize], b"kairos".to_vec()].concat();
    scratch.write("large.json", &large);
    scratch.write("large-other.json", &vec![b'y'; LARGEST_FILE as usize + 1]);
    scratch.write("limit.json", &[vec![b'z'; LARGEST_FILE as usize - 6], b"kairos".to_vec()].concat());
    scratch.commit_all("odd files");
    let repo = scratch.repo();
    let mut snapshot = repo.snapshot(None).unwrap();
    let matters = |bytes: &[u8]| bytes.windows(6).any(|word| word == b"kairos");
    repo.load(&mut snapshot, &|_| Load::If(&matters)).unwrap();
    let size = LARGEST_FILE + 6;
    assert_eq!(
        skipped(&snapshot),
        [
            ("annex.json", &Skip::AnnexPointer),
            ("binary.json", &Skip::Binary),
            ("large.json", &Skip::TooLarge { bytes: size, searched: true }),
            ("lfs.json", &Skip::LfsPointer),
        ]
    );
    let read: Vec<_> = snapshot.sources().map(|source| source.path.as_str()).collect();
    assert_eq!(read, ["latin.yml", "limit.json"]);
    assert!(snapshot.get("latin.yml").unwrap().text().is_none());
}

#[test]
fn a_path_that_is_not_utf8_is_reported_and_kept() {
    let scratch = Scratch::new();
    let blob = scratch.git(&["rev-parse", "HEAD:compose.yml"]);
    let line = [format!("100644 blob {blob}\t").as_bytes(), b"caf\xe9.yml\0"].concat();
    scratch.write("../line", &line);
    let mut command = std::process::Command::new("git");
    let input = std::fs::File::open(scratch.beside("line")).unwrap();
    let status = command.current_dir(&scratch.root).args(["update-index", "-z", "--index-info"]).stdin(input).status();
    assert!(status.unwrap().success());
    scratch.commit("odd name");
    let snapshot = load(&scratch.repo(), None);
    assert_eq!(skipped(&snapshot), [("caf\u{fffd}.yml", &Skip::PathNotUtf8)]);
    publish(&scratch.repo(), &[("compose.yml", "two", "2")]).unwrap();
    assert!(scratch.git(&["ls-tree", crate::scratch::BRANCH]).contains("caf\\351.yml"));
    scratch.git(&["fsck", "--strict"]);
}

#[test]
fn a_missing_blob_does_not_hide_the_others() {
    let scratch = Scratch::new();
    let id = scratch.git(&["rev-parse", "HEAD:compose.yml"]);
    std::fs::remove_file(scratch.root.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let snapshot = load(&scratch.repo(), None);
    assert_eq!(skipped(&snapshot), [("compose.yml", &Skip::Unreadable("the blob is not in the repository".into()))]);
    assert!(snapshot.get("deep/er/deploy.sh").is_some());
}

#[test]
fn a_very_deep_tree_costs_no_stack() {
    let scratch = Scratch::new();
    let deep = vec!["d"; 1500].join("/");
    let id = scratch.git(&["rev-parse", "HEAD:compose.yml"]);
    scratch.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{id},{deep}/kairos.yml")]);
    scratch.commit("deep");
    let path = format!("{deep}/kairos.yml");
    let snapshot = load(&scratch.repo(), None);
    assert!(snapshot.get(&path).is_some());
    publish(&scratch.repo(), &[(&path, "two", "2")]).unwrap();
    assert_eq!(scratch.git(&["diff", "--name-only", "main", crate::scratch::BRANCH]), path);
}

#[test]
fn what_is_there_and_cannot_be_read_ends_the_run() {
    let object = |scratch: &Scratch| {
        let id = scratch.git(&["rev-parse", "HEAD:compose.yml"]);
        scratch.root.join(".git/objects").join(&id[..2]).join(&id[2..])
    };
    let fails = |scratch: &Scratch, word: &str| {
        let repo = scratch.repo();
        let mut snapshot = repo.snapshot(None).unwrap();
        let error = repo.load(&mut snapshot, &|_| Load::Always).unwrap_err();
        assert!(error.message.contains(word), "{word}: {error}");
    };
    let scratch = Scratch::new();
    let path = object(&scratch);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"no object at all").unwrap();
    fails(&scratch, "compose.yml");
    let scratch = Scratch::new();
    let path = object(&scratch);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    fails(&scratch, "compose.yml");
    // A loop of links: whether there is an object cannot be told.
    #[cfg(unix)]
    {
        let scratch = Scratch::new();
        let path = object(&scratch);
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        fails(&scratch, "compose.yml");
    }
}

#[test]
fn names_that_git_does_not_check_out_are_passed_over() {
    let scratch = Scratch::new();
    let blob = scratch.git(&["rev-parse", "HEAD:compose.yml"]);
    let raw: Vec<u8> =
        (0..blob.len()).step_by(2).map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap()).collect();
    let mut tree = Vec::new();
    for name in ["..", ".git", "a/b.yml", "compose.yml"] {
        tree.extend([format!("100644 {name}\0").as_bytes(), &raw].concat());
    }
    scratch.write("../tree", &tree);
    let file = scratch.beside("tree");
    let id = scratch.git(&["hash-object", "-w", "-t", "tree", "--literally", file.to_str().unwrap()]);
    let commit = scratch.git(&["commit-tree", "-m", "odd", &id]);
    scratch.git(&["update-ref", "refs/heads/main", &commit]);
    let snapshot = load(&scratch.repo(), None);
    let odd = [("..", &Skip::PathOdd), (".git", &Skip::PathOdd), ("a/b.yml", &Skip::PathOdd)];
    assert_eq!(skipped(&snapshot), odd);
    publish(&scratch.repo(), &[("compose.yml", "two", "2")]).unwrap();
}
