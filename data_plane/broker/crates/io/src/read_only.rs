//! A disk that can only be read, for looking at data without any way to change it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile, DiskSpace, OpenMode};

/// Another disk, of which nothing can be changed.
#[derive(Debug)]
pub struct ReadOnly<D>(pub D);

fn refused<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "this disk is only read"))
}

impl<D: Disk> Disk for ReadOnly<D> {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        if mode == OpenMode::Read { self.0.open(path, mode) } else { refused() }
    }

    fn create_dir_all(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        refused()
    }

    fn share(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        refused()
    }

    fn link(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn remove_dir_all(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        refused()
    }

    fn space(&self, path: &Path) -> io::Result<DiskSpace> {
        self.0.space(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RealDisk;
    use crate::disk::read_file;

    #[test]
    fn a_file_is_read_and_nothing_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"kept").unwrap();
        let disk = ReadOnly(RealDisk);
        assert_eq!(read_file(&disk, &path, 10).unwrap(), b"kept");
        for mode in [OpenMode::ReadWrite, OpenMode::CreateNew, OpenMode::Replace] {
            assert!(disk.open(&path, mode).is_err());
        }
        let file = disk.open(&path, OpenMode::Read).unwrap();
        assert!(file.write_at(0, &[b"x"]).is_err() && file.truncate(0).is_err());
        assert!(disk.rename(&path, &dir.path().join("g")).is_err());
        assert!(disk.share(&path, &dir.path().join("g")).is_err());
        assert!(disk.remove(&path).is_err() && disk.remove_dir_all(dir.path()).is_err());
        assert!(disk.create_dir_all(&dir.path().join("d")).is_err() && disk.sync_dir(dir.path()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"kept");
    }
}
