import { main } from "./index.js";

await main("helm-deploy");
