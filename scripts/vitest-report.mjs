/**
 * What a run of vitest amounts to. A file that could not be loaded, a crash, an unhandled error and a run without tests
 * are failures although no test of them failed.
 */
export function outcome(report, code) {
  if (report === null) return { failed: 1 };
  const broken = report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + broken;
  const silent = failed === 0 && (code !== 0 || report.numPassedTests === 0) ? 1 : 0;
  return {
    passed: report.numPassedTests,
    failed: failed + silent,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
