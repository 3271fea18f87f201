/** What the nodes have pulled: digests by node and reference. */
export class ImageCache {
  private readonly digests = new Map<string, string>();

  get(node: string, image: string): string | undefined {
    return this.digests.get(`${node} ${image}`);
  }

  put(node: string, image: string, digest: string): void {
    this.digests.set(`${node} ${image}`, digest);
  }
}
