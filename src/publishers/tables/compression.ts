/** How the pages of Parquet files are compressed. */
import * as zlib from "node:zlib";
import { snappyCompress } from "./snappy.js";

/** In the order of the help: what readers unpack fastest first. */
export const COMPRESSIONS = ["snappy", "zstd", "gzip", "none"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Compresses bytes; what it returns holds until the next call. */
export interface Compressor {
  /** What Parquet calls it. */
  readonly codec: "SNAPPY" | "ZSTD" | "GZIP" | "UNCOMPRESSED";
  /** Undefined if pages stay as they are. */
  readonly compress: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

export const NO_COMPRESSION: Compressor = { codec: "UNCOMPRESSED", compress: undefined };

/** Undoes a compression; `bytes` is what comes of it. */
export type Decompressor = (packed: Uint8Array, bytes: number) => Uint8Array;

/** Loads what undoes the compressions of these tables. Readers know Snappy themselves. */
export async function loadDecompressors(
  compression: Compression,
): Promise<Partial<Record<Compressor["codec"], Decompressor>>> {
  if (compression === "gzip") return { GZIP: (packed) => zlib.gunzipSync(packed) };
  if (compression !== "zstd") return {};
  const { zstdDecompressSync: native } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array };
  if (native !== undefined) return { ZSTD: (packed) => native(packed) };
  const { Zstd } = await import("@hpcc-js/wasm-zstd");
  const zstd = await Zstd.load();
  return { ZSTD: (packed) => zstd.decompress(packed) };
}

/** Loads what the compression needs. */
export async function loadCompressor(compression: Compression): Promise<Compressor> {
  if (compression === "snappy") return { codec: "SNAPPY", compress: snappyCompress };
  if (compression === "gzip") return { codec: "GZIP", compress: (bytes) => zlib.gzipSync(bytes) };
  if (compression === "none") return NO_COMPRESSION;
  // From 22.15 on Node has it.
  const { zstdCompressSync: native } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Uint8Array };
  if (native !== undefined) return { codec: "ZSTD", compress: (bytes) => native(bytes) };
  const { Zstd } = await import("@hpcc-js/wasm-zstd");
  const zstd = await Zstd.load();
  return { codec: "ZSTD", compress: (bytes) => zstd.compress(bytes) };
}
