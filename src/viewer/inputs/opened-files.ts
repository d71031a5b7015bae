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

/**
 * The files of a drop. Call it in the event itself: its items are gone afterwards.
 *
 * @throws Error of the browser's when it does not let a page read a folder.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<OpenedFile[]> {
  const drops = Array.from(transfer.items, (item) => ({
    // In a page that is itself a file, Chromium opens handles only; other browsers have entries only.
    handle: (item as DropItem).getAsFileSystemHandle?.(),
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }));
  const found: OpenedFile[] = [];
  for (const { handle, entry, file } of drops) {
    const opened = await handle?.catch(() => null);
    if (opened?.kind === "directory") await walkHandle(opened, opened.name, found);
    else if (opened === undefined && entry?.isDirectory === true) await walkEntry(entry, found);
    else if (file !== null) found.push({ file, path: file.name, fromFolder: false });
  }
  return found;
}

/** What the types of the platform do not have yet. */
type DropItem = DataTransferItem & { getAsFileSystemHandle?(): Promise<Handle | null> };
type Handle = FileHandle | FolderHandle;
interface FileHandle {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<File>;
}
interface FolderHandle {
  readonly kind: "directory";
  readonly name: string;
  values(): AsyncIterable<Handle>;
}

async function walkHandle(folder: FolderHandle, path: string, found: OpenedFile[]): Promise<void> {
  for await (const handle of folder.values()) {
    const place = `${path}/${handle.name}`;
    if (handle.kind === "directory") await walkHandle(handle, place, found);
    else found.push({ file: await handle.getFile(), path: place, fromFolder: true });
  }
}

async function walkEntry(entry: FileSystemEntry, found: OpenedFile[]): Promise<void> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, ""), fromFolder: true });
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
    for (const inner of part) await walkEntry(inner, found);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
