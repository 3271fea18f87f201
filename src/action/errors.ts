import type { Catalogue } from "../errors.ts";

export const actionErrors: Catalogue = {
  INPUT_INVALID: {
    means: "Inputs are missing or wrong. The message lists all of them at once, each with the place that it came from.",
    remedy: "Mend the named inputs or lines of the spec. Nothing was written.",
  },
  INPUT_UNKNOWN: {
    means: "The workflow gives an input that the action does not have; it is ignored.",
    remedy: "Use the nearest known name that the message gives.",
  },
  INPUT_DEPRECATED: {
    means: "An input still works, but will go away.",
    remedy: "Use what the message names instead.",
  },
  REPORTS_DISAGREE: {
    means: "Two report files in the `reports` folder give different values for the same output.",
    remedy: "Give the reports of one run only: download the artifacts of this run into an empty folder.",
  },
  REPORT_UNREADABLE: {
    means: "A file in the `reports` folder is not a report of eks-deploy, or of a version that this one cannot read.",
    remedy: "Remove the file, or make the report with the same version of eks-deploy.",
  },
  PLAN_DIFFERS: {
    means: "The end state that would be reached is not the approved one (`approved-plan`).",
    remedy: "Look at the difference in the summary, plan again and approve the new plan-sha256.",
  },
  CHANGES_PLANNED: {
    means:
      "With `fail-on-changes: true` the plan must be empty, and it is not: something drifted, or was never released.",
    remedy: "Read the table of changes; release again, or undo what was changed by hand.",
  },
};
