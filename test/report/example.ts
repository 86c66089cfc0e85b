/** The example in docs/: what a reviewer sees of a replacement. */
import { join } from "node:path";
import { repository } from "../../cli/root";
import { renderMarkdown } from "../../report/markdown";
import { readPreview } from "../../report/preview";
import { reportOf } from "../../report/report";
import { renderSvg } from "../../report/svg";
import { events, replacementPreview } from "./fixtures";

const INTRODUCTION = `# A change, as its pull request shows it

Somebody replaced the host \`n3\` by \`n5\` in the description of a cluster, and below the line is the comment that the pull request got,
made of a preview alone: nothing has been touched yet. The verdict comes first, then what to read before merging, then every step with
what etcd can bear to lose meanwhile; the picture shows the same timeline as the report's HTML page has it.

![etcd's quorum, step by step](quorum-timeline.svg)

    PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true npm run -s pulumi -- preview --json --policy-pack policies |
      npm run -s report -- --out comment.md        # or --html, --svg, --json; a file instead of the pipe works, too
    gh pr comment --body-file comment.md

The variable makes pulumi tell what policies say, which it leaves out otherwise. It also makes it write its debug entries, in which secrets
stand in clear: pipe the preview, as here, and keep no file of it. None of them gets into the report.

---
`;

/** The files of the example, by path. */
export function exampleFiles(): { path: string; content: string }[] {
  const report = reportOf(readPreview(events(replacementPreview)));
  const docs = join(repository, "docs");
  return [
    { path: join(docs, "pull-request.md"), content: `${INTRODUCTION}\n${renderMarkdown(report)}` },
    { path: join(docs, "quorum-timeline.svg"), content: renderSvg(report.timeline) },
  ];
}
