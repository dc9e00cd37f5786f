/** ECharts with nothing but what the reports draw; a chunk of its own, fetched when the first chart is shown. */

import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { ChartSpec } from "./report";

use([BarChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export interface Tones {
  text: string;
  line: string;
  surface: string;
  series: readonly string[];
}

/** Draws into `element`; returns how to redraw and how to end. */
export function drawChart(element: HTMLElement, reduced: boolean) {
  const chart = init(element, null, { renderer: "svg" });
  const observer = new ResizeObserver(() => chart.resize());
  observer.observe(element);
  return {
    draw: (spec: ChartSpec, tones: Tones): void => chart.setOption(optionOf(spec, tones, reduced), true),
    end: (): void => {
      observer.disconnect();
      chart.dispose();
    },
  };
}

function optionOf(spec: ChartSpec, tones: Tones, reduced: boolean) {
  const names = {
    type: "category" as const,
    data: spec.labels,
    inverse: spec.lying,
    axisLabel: { color: tones.text, ...(spec.lying ? { width: 110, overflow: "truncate" as const } : { hideOverlap: true }) },
    axisLine: { lineStyle: { color: tones.line } },
    axisTick: { show: false },
  };
  const numbers = {
    type: "value" as const,
    minInterval: 1,
    axisLabel: { color: tones.text },
    splitLine: { lineStyle: { color: tones.line } },
  };
  const several = spec.series.length > 1;
  return {
    animation: !reduced,
    color: [...tones.series],
    grid: { left: 8, right: 20, top: 12, bottom: several ? 36 : 8, containLabel: true },
    tooltip: { trigger: "axis" as const, axisPointer: { type: "shadow" as const }, backgroundColor: tones.surface, borderColor: tones.line, textStyle: { color: tones.text } },
    ...(several ? { legend: { bottom: 0, left: "center", textStyle: { color: tones.text } } } : {}),
    xAxis: spec.lying ? numbers : names,
    yAxis: spec.lying ? names : numbers,
    series: spec.series.map((one) => ({
      type: "bar" as const,
      name: one.name,
      data: one.values,
      barMaxWidth: 26,
      ...(several ? { stack: "all" } : {}),
    })),
  };
}
