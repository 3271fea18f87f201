import { main } from "./index.js";

await main("sync-checkpoints");
