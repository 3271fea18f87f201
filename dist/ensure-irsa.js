import { main } from "./index.js";

await main("ensure-irsa");
