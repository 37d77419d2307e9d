/** uPlot as this page uses it. Loaded when the charts open. */

import uPlot from "uplot";

/**
 * @param {HTMLElement} host @param {{names: string[], colours: string[], text: string, line: string}} look
 */
export function openChart(host, { names, colours, text, line }) {
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
  const size = () => ({ width: Math.max(160, host.clientWidth), height: Math.max(90, host.clientHeight) });
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      cursor: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
      axes: [{ ...axis, space: 60, values: (_plot, seconds) => seconds.map((at) => new Date(at * 1000).toISOString().slice(11, 19)) }, { ...axis, size: 44 }],
      series: [{}, ...names.map((label, index) => ({ label, stroke: colours[index], width: 2, points: { show: false } }))],
    },
    [[], ...names.map(() => [])],
    host,
  );
  const sizes = new ResizeObserver(() => host.clientWidth && plot.setSize(size()));
  sizes.observe(host);
  return {
    /** @param {import("./samples.js").Sample[]} samples */
    show: (samples) => plot.setData(/** @type {any} */ ([samples.map(({ at }) => at / 1e6), ...names.map((_, index) => samples.map(({ values }) => values[index]))])),
    close() {
      sizes.disconnect();
      plot.destroy();
    },
  };
}
