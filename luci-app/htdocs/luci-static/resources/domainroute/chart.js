'use strict';
'require baseclass';
'require dom';

// Traffic by rule over the last minutes: lines of bytes a second.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 150;
const SAMPLES = 60;
/** Colours and dashes of style.css, so that lines are told apart without colours, too. */
const LINES = 6;

function svg(tag, attributes, children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  (children ?? []).forEach((child) => node.appendChild(child));
  return node;
}

const Chart = baseclass.extend({
  /** `format`: bytes as text. */
  __init__(format) {
    Object.assign(this, { format, last: null, rates: [] });
    this.plot = svg('svg', {
      viewBox: '0 0 %d %d'.format(WIDTH, HEIGHT),
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': _('Traffic by rule; the table below has the numbers'),
    });
    this.scale = E('p', { class: 'domainroute-scale' });
    this.node = E('div', { class: 'domainroute-chart' }, [this.scale, this.plot]);
  },

  /** Counters at a time in seconds; returns the bytes a second by section since those before. */
  add(rules, now) {
    const before = this.last;
    this.last = { now, bytes: new Map(rules.map(({ section, bytes }) => [section, bytes])) };
    if (before === null || now <= before.now) return new Map();
    const rate = (section, bytes) => {
      const old = before.bytes.get(section);
      // counters begin again with the data path
      return old === undefined || bytes < old ? 0 : (bytes - old) / (now - before.now);
    };
    const rates = new Map(rules.map(({ section, bytes }) => [section, rate(section, bytes)]));
    this.rates = this.rates.concat([rates]).slice(-SAMPLES);
    this.draw();
    return rates;
  },

  /** The busiest sections of what is shown: index of a line by section. */
  lines() {
    const sums = new Map();
    for (const rates of this.rates)
      for (const [section, rate] of rates) sums.set(section, (sums.get(section) ?? 0) + rate);
    const busiest = [...sums].filter(([, sum]) => sum > 0).sort((a, b) => b[1] - a[1]);
    return new Map(busiest.slice(0, LINES).map(([section], index) => [section, index]));
  },

  draw() {
    const lines = this.lines();
    const top = Math.max(1, ...this.rates.flatMap((rates) => [...rates.values()]));
    const x = (i) => ((SAMPLES - this.rates.length + i) * WIDTH) / (SAMPLES - 1);
    const y = (rate) => HEIGHT - 2 - (rate / top) * (HEIGHT - 4);
    const paths = [...lines].map(([section, index]) => {
      const points = this.rates.map((rates, i) =>
        '%s,%s'.format(x(i).toFixed(1), y(rates.get(section) ?? 0).toFixed(1)),
      );
      return svg('polyline', { class: 'line-%d'.format(index), points: points.join(' ') });
    });
    dom.content(this.plot, [...paths]);
    dom.content(this.scale, [_('top of the chart: %s a second').format(this.format(top))]);
  },
});

return baseclass.extend({
  make(format) {
    return new Chart(format);
  },

  /** A sample of a line for the legend; undefined: the section has no line. */
  sample(index) {
    if (index === undefined) return '';
    const line = svg('polyline', { class: 'line-%d'.format(index), points: '0,6 24,6' });
    return svg(
      'svg',
      { class: 'domainroute-sample', viewBox: '0 0 24 12', 'aria-hidden': 'true' },
      [line],
    );
  },
});
