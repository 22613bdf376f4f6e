DROP TABLE chain.dispute;
