/** Files that the user drops or chooses, folders included. */

/** A file with its path: below the folder that was opened, or its name alone. */
export interface OpenedFile {
  readonly file: File;
  readonly path: string;
  /** Whether it came with a folder, and so was not meant one by one. */
  readonly fromFolder: boolean;
}

/** The files of a file dialog. */
export function chosenFiles(list: FileList | null): OpenedFile[] {
  return Array.from(list ?? [], (file) => {
    const path = file.webkitRelativePath;
    return { file, path: path === "" ? file.name : path, fromFolder: path !== "" };
  });
}

/** The files of a drop. Call it in the event itself: its items are gone afterwards. */
export async function droppedFiles(transfer: DataTransfer): Promise<OpenedFile[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry());
  const loose = Array.from(transfer.files);
  if (entries.every((entry) => entry === null))
    return loose.map((file) => ({ file, path: file.name, fromFolder: false }));
  const found: OpenedFile[] = [];
  for (const entry of entries) if (entry !== null) await walk(entry, false, found);
  return found;
}

async function walk(entry: FileSystemEntry, fromFolder: boolean, found: OpenedFile[]): Promise<void> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, ""), fromFolder });
    return;
  }
  if (!isFolder(entry)) return;
  const reader = entry.createReader();
  for (;;) {
    // Browsers hand over a hundred at a time.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return;
    for (const inner of part) await walk(inner, true, found);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
