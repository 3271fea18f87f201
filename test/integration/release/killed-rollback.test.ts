import { testKilled } from "./killing.ts";

testKilled(["rollback"]);
