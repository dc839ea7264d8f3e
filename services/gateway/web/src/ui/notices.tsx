import type { JSX } from "preact";

import type { Talk } from "../talk/talk";
import type { NoticePlace } from "../talk/page-state";
import { texts } from "../texts";
import { Icon } from "./icons";

/** The notices for one part of the page. */
export function Notices({ talk, place }: { talk: Talk; place: NoticePlace }): JSX.Element | null {
  const notices = talk.state.value.notices.filter((notice) => notice.place === place);
  if (notices.length === 0) return null;
  return (
    <div class="notices">
      {notices.map((notice) => (
        <div
          key={`${notice.code} ${notice.text}`}
          class={notice.serious ? "notice serious" : "notice"}
          role={notice.serious ? "alert" : "status"}
        >
          <p dir="auto">{notice.text}</p>
          <button type="button" class="quiet" aria-label={texts.notices.dismiss} onClick={() => talk.dismiss(place, notice)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
