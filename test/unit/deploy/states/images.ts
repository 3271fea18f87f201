import { type State, waiting } from "./shapes.ts";

/** Images that do not come. */
export const images: readonly State[] = [
  [
    "an image is not in the registry",
    waiting("ImagePullBackOff", "Back-off pulling image: failed to resolve reference: a/atlas:1: not found"),
    "DEPLOY_IMAGE_NOT_FOUND",
  ],
  [
    "a repository is not there",
    waiting("ErrImagePull", "name unknown: The repository with name 'atlas' does not exist in the registry"),
    "DEPLOY_IMAGE_NOT_FOUND",
  ],
  [
    "the node role may not pull",
    waiting("ErrImagePull", "unexpected status from HEAD request: 403 Forbidden"),
    "DEPLOY_IMAGE_DENIED",
  ],
  [
    "the registry wants a login",
    waiting("ImagePullBackOff", "failed to authorize: no basic auth credentials"),
    "DEPLOY_IMAGE_DENIED",
  ],
  [
    "the registry cannot be reached",
    waiting("ErrImagePull", "dial tcp 52.0.0.1:443: i/o timeout"),
    "DEPLOY_IMAGE_PULL",
  ],
  [
    "the disk is full while pulling",
    waiting("ErrImagePull", "write /var/lib/containerd: no space left on device"),
    "DEPLOY_DISK_FULL",
  ],
  ["an image name is no reference", waiting("InvalidImageName", "couldn't parse image name"), "DEPLOY_IMAGE_NAME"],
  [
    "the reason is in the event only",
    {
      pods: [
        {
          init: { state: { waiting: { reason: "ImagePullBackOff", message: "" } } },
          events: [
            {
              reason: "Failed",
              message: 'Failed to pull image "a/atlas:1": manifest unknown: requested image not found',
            },
          ],
        },
      ],
    },
    "DEPLOY_IMAGE_NOT_FOUND",
  ],
  [
    "a registry limits the rate",
    waiting("ImagePullBackOff", "toomanyrequests: Rate exceeded: failed to resolve reference: 429 Too Many Requests"),
    "DEPLOY_IMAGE_PULL",
  ],
  [
    "an image has no platform of the node",
    waiting("ErrImagePull", "no match for platform in manifest: not found"),
    "DEPLOY_IMAGE_PLATFORM",
  ],
  [
    "a registry does not say whether an image is there",
    waiting(
      "ErrImagePull",
      "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
    ),
    "DEPLOY_IMAGE_DENIED",
  ],
  [
    "the token of the registry has run out",
    waiting("ErrImagePull", "denied: Your authorization token has expired. Reauthenticate and try again."),
    "DEPLOY_IMAGE_DENIED",
  ],
];
