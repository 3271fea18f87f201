import { testKilled } from "./killing.ts";

testKilled(["promotion"]);
