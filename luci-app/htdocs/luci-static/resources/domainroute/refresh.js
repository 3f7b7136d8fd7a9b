'use strict';
'require baseclass';
'require poll';

return baseclass.extend({
  /** Runs `task` (a promise that never rejects) every so often, while somebody can see the page. */
  every(seconds, task) {
    poll.add(() => (document.hidden ? Promise.resolve() : task()), seconds);
  },
});
