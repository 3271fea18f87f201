import { testKilled } from "./killing.ts";

testKilled(["removal"]);
