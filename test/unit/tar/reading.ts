import type { TarMember } from "../../../src/tar/member.ts";
import { indexTar, streamTar } from "../../../src/tar/read.ts";
import { memorySource, memoryStream } from "../../integration/transfer/loopback.ts";

export interface ReadMember {
  readonly member: TarMember;
  readonly data: Buffer;
}

/** All members by seeking, each with its data. */
export async function seekAll(tar: Buffer): Promise<readonly ReadMember[]> {
  const members = await indexTar(memorySource(tar, "t.tar"));
  return members.map((member) => ({ member, data: tar.subarray(member.offset, member.offset + member.size) }));
}

/** All members in one pass, in chunks of the given sizes. */
export async function passAll(tar: Buffer, sizes: readonly number[] = [1_000]): Promise<readonly ReadMember[]> {
  const read: ReadMember[] = [];
  for await (const { member, data } of streamTar(memoryStream(tar, sizes, "t.tar"))) {
    const parts: Buffer[] = [];
    for await (const chunk of data) parts.push(Buffer.from(chunk));
    read.push({ member, data: Buffer.concat(parts) });
  }
  return read;
}

/** The code with which both ways of reading refuse an archive; differs from neither. */
export async function refusalOf(tar: Buffer): Promise<string | undefined> {
  const codeOf = (reading: Promise<unknown>) =>
    reading.then(
      () => undefined,
      (error) => String(error.code),
    );
  const [seeking, passing] = [await codeOf(seekAll(tar)), await codeOf(passAll(tar))];
  if (seeking !== passing) throw new Error(`seeking says ${seeking}, passing says ${passing}`);
  return seeking;
}
