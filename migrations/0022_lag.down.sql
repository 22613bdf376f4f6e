DROP VIEW analytics.checkpoint_lag;
