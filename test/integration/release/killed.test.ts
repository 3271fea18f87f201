import { killable, long, testKilled } from "./killing.ts";

// A long run names this file and no other, so that it tells how far it is in one place.
testKilled(long ? killable : ["release"]);
