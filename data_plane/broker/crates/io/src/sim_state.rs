//! What the simulated disk holds: live content, durable content and the changes in between.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::rng::Rng;
use crate::sim_disk::{Fault, parent_of};

/// A change of a file that is not durable yet.
#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

/// A file's content.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inode {
    pub(crate) live: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// Whether the medium gives out nothing of it.
    is_unreadable: bool,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Dir,
    File(usize),
}

type Names = BTreeMap<PathBuf, Node>;

/// A change of a directory that is not durable yet.
#[derive(Clone, Debug)]
enum NameChange {
    Link(PathBuf, Node),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

/// The whole disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) inodes: Vec<Inode>,
    pub(crate) fault: Option<Fault>,
    pub(crate) capacity: Option<u64>,
    pub(crate) operations: u64,
    /// Whether every read has to wait for the medium.
    pub(crate) is_cold: bool,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_ahead: u64,
    pub(crate) operations_left: Option<u64>,
    live: Names,
    durable: Names,
    pending: BTreeMap<PathBuf, Vec<NameChange>>,
}

impl Inode {
    fn apply(content: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Write(offset, bytes) => {
                let end = offset + bytes.len();
                content.resize(content.len().max(end), 0);
                content[*offset..end].copy_from_slice(bytes);
            }
            Change::Truncate(length) => content.resize(*length, 0),
        }
    }

    fn record(&mut self, change: Change) {
        Self::apply(&mut self.live, &change);
        self.pending.push(change);
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.record(Change::Truncate(length));
    }

    pub(crate) fn read(&self, offset: usize, out: &mut [u8]) -> io::Result<usize> {
        if self.is_unreadable {
            return Err(io::Error::other("simulated I/O error on read"));
        }
        let rest = self.live.get(offset..).unwrap_or_default();
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    pub(crate) fn set_unreadable(&mut self, is_unreadable: bool) {
        self.is_unreadable = is_unreadable;
    }

    /// Makes the content durable; a failed sync forgets what it should have written.
    pub(crate) fn sync(&mut self, failed: bool) {
        if !failed {
            for change in &self.pending {
                Self::apply(&mut self.durable, change);
            }
        }
        self.pending.clear();
    }

    pub(crate) fn flip_bit(&mut self, offset: usize, bit: u8) {
        self.live[offset] ^= 1 << bit;
        if let Some(byte) = self.durable.get_mut(offset) {
            *byte ^= 1 << bit;
        }
    }

    fn crash(&mut self, rng: &dyn Rng) {
        for change in std::mem::take(&mut self.pending) {
            match (rng.next_u64() % 3, change) {
                (0, change) => Self::apply(&mut self.durable, &change),
                (1, Change::Write(offset, mut bytes)) if !bytes.is_empty() => {
                    bytes.truncate(rng.next_u64() as usize % bytes.len());
                    Self::apply(&mut self.durable, &Change::Write(offset, bytes));
                }
                _ => {}
            }
        }
        self.live.clone_from(&self.durable);
    }
}

impl State {
    pub(crate) fn powered(&self) -> io::Result<()> {
        if self.operations_left == Some(0) { Err(io::Error::other("simulated power loss")) } else { Ok(()) }
    }

    pub(crate) fn spend_operation(&mut self) -> io::Result<()> {
        self.powered()?;
        self.operations += 1;
        self.operations_left = self.operations_left.map(|left| left - 1);
        Ok(())
    }

    pub(crate) fn take_fault(&mut self, fault: Fault) -> bool {
        let hit = self.fault == Some(fault);
        if hit {
            self.fault = None;
        }
        hit
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        let length = |node: &Node| match node {
            Node::File(inode) => self.inodes[*inode].live.len() as u64,
            Node::Dir => 0,
        };
        self.live.values().map(length).sum()
    }

    pub(crate) fn write(&mut self, inode: usize, offset: usize, bytes: &[u8]) -> io::Result<()> {
        if self.take_fault(Fault::WriteError) {
            return Err(io::Error::other("simulated I/O error on write"));
        }
        let fits = self.fitting(inode, offset, bytes.len());
        self.inodes[inode].record(Change::Write(offset, bytes[..fits].to_vec()));
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn fitting(&mut self, inode: usize, offset: usize, length: usize) -> usize {
        if self.take_fault(Fault::NoSpace) {
            return length / 2;
        }
        let Some(capacity) = self.capacity else { return length };
        let free = capacity.saturating_sub(self.used_bytes()) as usize;
        let overwritten = self.inodes[inode].live.len().saturating_sub(offset);
        length.min(free + overwritten)
    }

    pub(crate) fn file(&self, path: &Path) -> Option<usize> {
        match self.live.get(path) {
            Some(Node::File(inode)) => Some(*inode),
            _ => None,
        }
    }

    pub(crate) fn exists(&self, path: &Path) -> bool {
        path == Path::new("") || self.live.contains_key(path)
    }

    pub(crate) fn create_file(&mut self, path: &Path) -> io::Result<usize> {
        if !self.exists(&parent_of(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.inodes.push(Inode::default());
        let inode = self.inodes.len() - 1;
        self.rename_step(&parent_of(path), NameChange::Link(path.to_path_buf(), Node::File(inode)));
        Ok(inode)
    }

    pub(crate) fn create_dir_all(&mut self, path: &Path) {
        if self.exists(path) {
            return;
        }
        self.create_dir_all(&parent_of(path));
        self.rename_step(&parent_of(path), NameChange::Link(path.to_path_buf(), Node::Dir));
    }

    pub(crate) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        if !self.exists(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let children = self.live.keys().filter(|path| parent_of(path) == dir);
        Ok(children.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect())
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.exists(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.rename_step(&parent_of(to), NameChange::Rename(from.to_path_buf(), to.to_path_buf()));
        Ok(())
    }

    pub(crate) fn share(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let Some(inode) = self.file(from) else { return Err(io::ErrorKind::NotFound.into()) };
        if !self.exists(&parent_of(to)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if self.exists(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename_step(&parent_of(to), NameChange::Link(to.to_path_buf(), Node::File(inode)));
        Ok(())
    }

    pub(crate) fn remove(&mut self, path: &Path) -> io::Result<()> {
        if !self.exists(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.rename_step(&parent_of(path), NameChange::Unlink(path.to_path_buf()));
        Ok(())
    }

    pub(crate) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        if !self.exists(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        for change in self.pending.remove(dir).unwrap_or_default() {
            apply_name(&mut self.durable, &change);
        }
        Ok(())
    }

    fn rename_step(&mut self, dir: &Path, change: NameChange) {
        apply_name(&mut self.live, &change);
        self.pending.entry(dir.to_path_buf()).or_default().push(change);
    }

    pub(crate) fn crash(&mut self, rng: &dyn Rng) {
        for changes in std::mem::take(&mut self.pending).into_values() {
            let kept = rng.next_u64() as usize % (changes.len() + 1);
            for change in &changes[..kept] {
                apply_name(&mut self.durable, change);
            }
        }
        let names = std::mem::take(&mut self.durable);
        let reachable =
            |path: &Path| path.ancestors().skip(1).all(|dir| dir == Path::new("") || names.contains_key(dir));
        self.durable =
            names.iter().filter(|(path, _)| reachable(path)).map(|(p, n)| (p.clone(), *n)).collect();
        self.live.clone_from(&self.durable);
        for inode in &mut self.inodes {
            inode.crash(rng);
        }
        self.fault = None;
        self.operations_left = None;
    }
}

fn apply_name(names: &mut Names, change: &NameChange) {
    match change {
        NameChange::Link(path, node) => {
            names.insert(path.clone(), *node);
        }
        NameChange::Unlink(path) => names.retain(|name, _| !name.starts_with(path)),
        NameChange::Rename(from, to) => {
            let moved: Vec<PathBuf> = names.keys().filter(|name| name.starts_with(from)).cloned().collect();
            for name in moved {
                if let (Some(node), Ok(tail)) = (names.remove(&name), name.strip_prefix(from)) {
                    let target = if tail == Path::new("") { to.clone() } else { to.join(tail) };
                    names.insert(target, node);
                }
            }
        }
    }
}
