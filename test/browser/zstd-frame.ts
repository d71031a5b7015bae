/** zstd without a packer: Node has one from 22.15 on, and the tests run on 20 too. */

/** Bytes that a block of ours holds; the format allows 128 kB. */
const BLOCK = 100_000;

/** A frame of raw blocks. */
export function zstdFrame(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68)];
  for (let at = 0; at === 0 || at < content.length; at += BLOCK) {
    const block = content.subarray(at, at + BLOCK);
    const last = at + BLOCK >= content.length ? 1 : 0;
    const header = (block.length << 3) | last;
    parts.push(Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16), block.slice());
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** A training of 200 rows. */
export const TRAINING = Array.from({ length: 200 }, (_, at) => {
  const row = at + 1;
  const place = `Ep. 1 : Up. ${row * 500} : Sen. ${row * 31250} : Cost ${9 - at / 64}`;
  return `[2024-03-04 10:00:00] ${place} : Time 60s : 40000 words/s : gNorm 0.5\n`;
}).join("");

/** {@link TRAINING} as `zstd -19` packs it. */
export const PACKED_TRAINING = Buffer.from(
  `
  KLUv/WTwU9UjADpI2AgbgE2WAwB3KGRHC7kkgekgUqaUkpRKbb0RIoMBoACBAH0A0S0cU1fNTlXcFen9WHZi3lBHb73EKR7uyWFx
  vZhdvKB4tTh3a0r1Vwq6eddnH01CHw+J03brK0GlbZXRK4Wsp82n4lZiulViQu6n2g+pFmgVLwB0YYcHEyIUaHBgODQIaFgwIUKF
  w7bxwHBomA8MHjg4cGA41IFCQ4QBB4bDKjGHBQgMDBwYDlsRHBgOcViQQOCgYGPYGBYHLsAsAGWSIKy/jkE3y/VZjURCHxoSpy9V
  Yj6n0sIrnodITyF9QziXEM5rMnNvaCYyjW0iEzNXjLmpGPFWG/q+DalqEVRBpzF6ciP+eJB/itozEZtCquWIu05Zy8ogMUdcMpsZ
  RUjmIzIcTkh1YhYfak1l4jEkKoQUUR82gqaUCCKzFifR22dRBz7pk/6MP+OP+CP+hBeWoM9j9LMb8YoHuU5R00zERCHVfhXvU9ey
  OkjMumRYiRlJMh8OhzOtTsz0QyJdTUXqMWSiIaSY6IeNWaeUmJXM2hSJXs2GGt2GYuq62dndlek9eaqk1hxUMZ2je7qOD+MmD0+u
  hbOLhRSvBjl3g9MFtK3boq6qq2qqmqp+1S/bZbvclttyWS7LnXKnXClXyo1yo9yVu3KL3CKXyCVyT+7JNbkmt+SWXJJLcofcIVfI
  FXKD3CB35I7Mulk36Sbd/M3f9E3f7M3e5E3enJtzU27KzbgZN3dzN8tm2SSbZPM2b9M2bbM2G4JbqFKYvZgq+zUHwsYYk2oMIggg
  CCgYcKaAMvw/IowI/soN7h1TE9q35NMdxh17N+ih163vMJy2WJdOVsvqA1ta81TbOI8sC83l1Gg6fzTQHkYfn6PK2rnAGyJufovT
  sdO6dQDxXG7cppZnngJyanV5XR5GqsvSiOZz7vEc2R3JGY6h6XZrbB0SZS9Hau/hwzOIvHStWGfLSu9hNGm5Lpksl7UP5qR26bpx
  DVkXGsvJ0dn+PNZDC3gdcKCQZmjfSdzbKjEpalOqiq7V5Gt/A3gI2s7N5V9tmda6sgRXRGlO1UMmjp+Ke9nJ6RmBZaKWJuOqzVWb
  uJPsplxMSm9m64xbn+EFQ52inaKVEnUfROedpm0s2cpas1KqBTO5KugDzf7YAeMvfkX1Qke1YSv4XEIKfNzqO7KdFX2PLwXE+2PB
  vwvfsZagkb2x/IMrz1iQ0Lh9sejJBadYDdAeANUnrxIMmWBlh7jvqtLLL4ZT4tpvdAuvatDUuEOW8bdoQ1fnZq8t3Ghrd24HaxRr
  Le3dVyTrQWe+q5tsNzldDmfqeA+m+WqBbsC0JbkC2rg14iysLl6xWco6/ZPlZtafSlZCvgasXrDJM3duI57JrxiyG2HO7K7MsIIT
  mtxWKOwCZBhXfNzK4XlPCWI2EqpherdQZ+B+paGdmau92mRMVPtNG9KhJr1tdVHJNN+5mlLuBjJwfe+QVVrCNt3Ax0lkay/GO/ms
  PG4dD5vn5suH4Vhn63VuiaB7dN78fMxAYKa4dcBVG9y4Tpg=
`,
  "base64",
);
